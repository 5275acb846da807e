import fc from 'fast-check';
import type { JobSettled } from '../../libs/device/job';
import { Inbox } from './inbox';

let count = 0;
const settled = (stepKey: string, state: JobSettled['state'], attempt = 1, eventId = `e${++count}`): JobSettled => ({
  ...{ eventId, jobId: stepKey, stepKey, attempt, state },
  blockEnded: state === 'succeeded',
});

describe('messages of a stage', () => {
  it('count once, however often they come', () => {
    const inbox = new Inbox();
    inbox.watch(['a']);
    const message = settled('a', 'failed');
    inbox.settle([message, message]);
    expect(inbox.take(['a'])).toEqual([message.eventId]);
    inbox.settle([message]);
    expect(inbox.take(['a'])).toEqual([]);
  });

  it('say the same of a job in whatever order they come', () => {
    const states = ['unknown', 'failed', 'succeeded'] as const;
    const report = fc.record({ state: fc.constantFrom(...states), attempt: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(fc.array(report, { minLength: 1, maxLength: 8 }), (reports) => {
        const known = (list: typeof reports): unknown => {
          const inbox = new Inbox();
          inbox.settle(list.map(({ state, attempt }) => settled('a', state, attempt)));
          const { state, attempt } = inbox.job('a') ?? {};
          return { state, attempt };
        };
        expect(known(reports)).toEqual(known([...reports].reverse()));
      }),
    );
  });

  it('are never lost: every id is taken by its branch, as a stray, or at the end', () => {
    const step = fc.constantFrom('a', 'b', 'c');
    const act = fc.oneof(
      step.map((key) => ({ act: 'settle', key }) as const),
      step.map((key) => ({ act: 'watch', key }) as const),
      step.map((key) => ({ act: 'take', key }) as const),
      step.map((key) => ({ act: 'end', key }) as const),
      fc.constant({ act: 'strays', key: '' } as const),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const inbox = new Inbox(['start']);
        const sent = ['start'];
        const taken: string[] = [];
        for (const { act: what, key } of acts) {
          if (what === 'settle') {
            const message = settled(key, 'failed');
            sent.push(message.eventId);
            inbox.settle([message]);
          } else if (what === 'watch') inbox.watch([key]);
          else if (what === 'take') taken.push(...inbox.take([key]));
          else if (what === 'end') inbox.carry(inbox.unwatch([key]));
          else taken.push(...inbox.takeStrays());
        }
        expect([...taken, ...inbox.takeAll()].sort()).toEqual(sent.sort());
      }),
    );
  });

  it('keep a decision only for the attempt it is about', () => {
    const inbox = new Inbox();
    inbox.settle([settled('a', 'failed', 2)]);
    const decision = { eventId: 'd', stepKey: 'a', action: 'retry', reason: '' } as const;
    inbox.decide([{ ...decision, attempt: 1 }]);
    expect(inbox.decision('a')).toBeUndefined();
    inbox.decide([{ ...decision, eventId: 'd2', attempt: 2 }]);
    expect(inbox.decision('a')?.eventId).toBe('d2');
  });

  it('tell evidence timers from others', () => {
    const inbox = new Inbox();
    inbox.watch(['r1/test/read/P']);
    inbox.settle([settled('r1/test/read/P', 'unknown', 2)]);
    const dueLabAt = '2026-01-05T08:00:00Z';
    inbox.ring([
      { eventId: 't1', key: 'evidence/2/r1/test/read/P', dueLabAt },
      { eventId: 't2', key: 'other', dueLabAt },
    ]);
    expect(inbox.evidenceOver('r1/test/read/P')).toBe(true);
    expect(inbox.takeTimer()?.eventId).toBe('t2');
    inbox.settle([settled('r1/test/read/P', 'failed', 3)]);
    expect(inbox.evidenceOver('r1/test/read/P')).toBe(false);
  });

  it('of a resume are taken along by who waited for it, else confirmed at once', () => {
    const inbox = new Inbox();
    inbox.steer({ paused: true, eventIds: ['p'] }, false);
    expect(inbox.takeStrays()).toEqual(['p']);
    inbox.steer({ paused: false, eventIds: ['r'] }, true);
    expect(inbox.hasStrays).toBe(false);
    expect(inbox.takeCarried()).toEqual(['r']);
    inbox.steer({ paused: false, eventIds: ['s'] }, false);
    expect(inbox.takeStrays()).toEqual(['s']);
  });
});
