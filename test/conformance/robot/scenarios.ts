import { setTimeout as pause } from 'node:timers/promises';
import type { Capability } from '../../../libs/device/job';
import { reportOutcome } from '../../../db/device-work/settle';
import { startDispatch } from '../../../db/device-work/start';
import { must, shortLeaseMs } from './bench';
import type { Bench } from './bench';
import type { Exchange, Fault } from './proxy';

/** One way a day at the bench can go, and what a robot owes then. */
export interface Scenario {
  readonly name: string;
  /** What the robot's device can do. */
  readonly capability?: Capability;
  readonly leaseMs?: number;
  /** @throws Violation */
  readonly play: (bench: Bench) => Promise<void>;
}

/** A lease that leaves a slow machine room to keep time, ms. */
const longLeaseMs = 4_000;

/** Lets a fault happen to the first requests of a kind. */
function faulty(bench: Bench, path: RegExp, times: number, fault: Fault | ((exchange: Exchange) => Fault)): void {
  let left = times;
  bench.proxy.fault = (exchange) => {
    if (!path.test(exchange.path) || left === 0) return undefined;
    left--;
    return typeof fault === 'function' ? fault(exchange) : fault;
  };
}

const refused = (type: string): Fault => ({
  kind: 'answer',
  status: 409,
  json: { type, title: type, status: 409, detail: 'refused by the scenario', state: 'queued' },
});

async function succeedsOnce(bench: Bench, step: string): Promise<void> {
  const { id, state, problem } = await bench.settled(step);
  must(state === 'succeeded', `${step} ${state}${problem ? ` (${problem})` : ''}, expected it to succeed`);
  must(bench.instrument.count(id) === 1, `${step} was triggered ${bench.instrument.count(id)} times, expected once`);
}

async function failsUnmoved(bench: Bench, step: string): Promise<void> {
  const { id, state } = await bench.settled(step);
  must(bench.instrument.count(id) === 0, `${step} moved, and may not have`);
  must(state === 'failed', `${step} ${state}, expected a report that it never started`);
}

/** How a robot works when all goes well. */
const good: readonly Scenario[] = [
  {
    name: 'one job',
    play: async (bench) => {
      await bench.queue('one');
      bench.robot.start();
      await succeedsOnce(bench, 'one');
    },
  },
  {
    name: 'a chain of jobs, in order',
    play: async (bench) => {
      bench.robot.start();
      await bench.queue('first', 'second', 'third');
      for (const step of ['first', 'second', 'third']) await succeedsOnce(bench, step);
      const times = (await bench.dispatches()).map(({ id }) => bench.instrument.triggers.get(id)?.[0] ?? 0);
      must(
        times.every((time, at) => at === 0 || time > (times[at - 1] as number)),
        'the chain was done out of order',
      );
    },
  },
  {
    name: 'a worklist, fetched before the start',
    capability: 'transfer-liquid',
    play: async (bench) => {
      const worklist = await bench.queueTransfer('fill');
      bench.robot.start();
      await succeedsOnce(bench, 'fill');
      const { id } = await bench.settled('fill');
      must(bench.instrument.staged.get(id) === worklist, 'the instrument got another worklist than the api has');
      const [fetched] = bench.proxy.of(/\/v1\/files\//);
      const [started] = bench.proxy.of(/\/start$/);
      must((fetched?.at ?? Infinity) < (started?.at ?? 0), 'the worklist was not fetched before the start');
    },
  },
  {
    name: 'no work for a while',
    play: async (bench) => {
      faulty(bench, /\/leases$/, 3, { kind: 'answer', status: 204 });
      bench.robot.start();
      await bench.proxy.until(() => bench.proxy.of(/\/leases$/).length > 3);
      await bench.queue('late');
      await succeedsOnce(bench, 'late');
    },
  },
  {
    name: 'heartbeats during a long run',
    leaseMs: longLeaseMs,
    play: async (bench) => {
      bench.instrument.runMs = 2 * longLeaseMs;
      await bench.queue('long');
      bench.robot.start();
      await succeedsOnce(bench, 'long');
      const signs = bench.proxy.of(/\/(start|heartbeats|outcome)$/).map(({ at }) => at);
      const gaps = signs.slice(1).map((at, index) => at - (signs[index] as number));
      const median = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? Infinity;
      must(
        median <= longLeaseMs / 2,
        `a heartbeat every ${Math.round(median)} ms, expected at most leaseMs / 2 = ${longLeaseMs / 2}`,
      );
      must(
        Math.max(...gaps) < longLeaseMs,
        `${Math.round(Math.max(...gaps))} ms without a sign of life: the lease lasts ${longLeaseMs}`,
      );
    },
  },
];

/** What goes wrong between robot and api. */
const network: readonly Scenario[] = [
  {
    name: 'wrong worklist bytes',
    capability: 'transfer-liquid',
    play: async (bench) => {
      const worklist = await bench.queueTransfer('fill');
      faulty(bench, /\/v1\/files\//, 2, { kind: 'corrupt' });
      bench.robot.start();
      const { id, state } = await bench.settled('fill');
      if (state === 'failed') return failsUnmoved(bench, 'fill');
      must(bench.instrument.staged.get(id) === worklist, 'it worked from a worklist that is not what its hash says');
    },
  },
  {
    name: 'start refused',
    play: async (bench) => {
      let moved: number | undefined;
      faulty(bench, /\/start$/, 1, refused('not-leasable'));
      bench.proxy.answered = ({ path }) => {
        if (path.endsWith('/leases') && bench.proxy.of(/\/start$/).length > 0) moved ??= bench.instrument.triggers.size;
      };
      await bench.queue('refused');
      bench.robot.start();
      await bench.settled('refused');
      must(moved === 0 || bench.instrument.triggers.size === 0, 'it moved although its start was refused');
    },
  },
  {
    name: 'start granted, its answer lost',
    play: async (bench) => {
      faulty(bench, /\/start$/, 1, { kind: 'lose-answer' });
      await bench.queue('lost');
      bench.robot.start();
      await failsUnmoved(bench, 'lost');
    },
  },
  {
    name: 'start lost on its way',
    play: async (bench) => {
      faulty(bench, /\/start$/, 1, { kind: 'lose-request' });
      await bench.queue('lost');
      bench.robot.start();
      const { id, state } = await bench.settled('lost');
      must(
        bench.instrument.count(id) === (state === 'succeeded' ? 1 : 0),
        `${state} with ${bench.instrument.count(id)} triggers`,
      );
    },
  },
  {
    name: 'outcome settled, its answer lost',
    play: async (bench) => {
      faulty(bench, /\/outcome$/, 2, { kind: 'lose-answer' });
      await bench.queue('told');
      bench.robot.start();
      await bench.proxy.until(() => bench.proxy.of(/\/outcome$/).some(({ status }) => status === 200));
      await succeedsOnce(bench, 'told');
      const bodies = bench.proxy.of(/\/outcome$/).map(({ body }) => JSON.stringify(JSON.parse(body.toString())));
      must(new Set(bodies).size === 1, 'it repeated its outcome with other words');
    },
  },
  {
    name: 'the api away for longer than a lease',
    play: async (bench) => {
      let away = false;
      let turn = 0;
      bench.proxy.fault = () => {
        if (!away) return undefined;
        return turn++ % 2 ? { kind: 'lose-request' } : { kind: 'answer', status: 503, json: { type: 'unavailable', status: 503 } }; // prettier-ignore
      };
      bench.instrument.told = (moment, { action }) => {
        if (action === 'start' && moment === 'before') away = true;
      };
      await bench.queue('alone');
      bench.robot.start();
      await bench.reaches('alone', 'unknown');
      await pause(shortLeaseMs / 2);
      away = false;
      await succeedsOnce(bench, 'alone');
    },
  },
  {
    name: 'upload interrupted',
    play: async (bench) => {
      bench.instrument.file = Buffer.alloc(2_500_000, 'measured ');
      faulty(bench, /\/chunks\/1\?/, 2, { kind: 'lose-request' });
      await bench.queue('file');
      bench.robot.start();
      await succeedsOnce(bench, 'file');
      const { rows } = await bench.db.pool.query<{ bytes: string }>('select bytes from file');
      must(Number(rows[0]?.bytes) === 2_500_000, 'the file did not arrive');
    },
  },
  {
    name: 'superseded before the start',
    play: async (bench) => {
      const { scene } = bench;
      const other = await bench.other();
      let taken: Awaited<ReturnType<typeof scene.lease>> | undefined;
      faulty(bench, /\/start$/, 1, () => ({ kind: 'hold', until: bench.reaches('taken', 'queued').then(async () => (taken = await scene.lease(other))) })); // prettier-ignore
      await bench.queue('taken');
      bench.robot.start();
      await bench.proxy.until(() => bench.proxy.of(/\/start$/).some(({ status }) => status === 409));
      if (!taken) throw new Error('no other device took the job');
      const { dispatchId } = taken;
      const write = { ...scene.write(other, taken) };
      bench.elsewhere.add(dispatchId);
      await startDispatch(bench.db.pool, { ...write, leaseMs: 30_000, durationLabMs: 1 });
      await reportOutcome(bench.db.pool, { ...write, outcome: { version: 1, result: 'succeeded', files: [] } });
      await bench.queue('next');
      await succeedsOnce(bench, 'next');
      must(bench.instrument.count(dispatchId) === 0, 'it moved with a superseded token');
      const after = bench.proxy.of(new RegExp(dispatchId)).filter(({ status }) => status !== 200).length;
      must(after <= 4, `it went on writing with a superseded token: ${after} times`);
    },
  },
  {
    name: 'a lease answer comes again',
    play: async (bench) => {
      let answer: Buffer | undefined;
      let again = 2;
      bench.proxy.fault = ({ path }) =>
        path.endsWith('/leases') && answer && again-- > 0 ? { kind: 'answer', status: 200, bytes: answer } : undefined;
      bench.proxy.answered = (exchange) => {
        if (exchange.path.endsWith('/outcome')) answer ??= bench.proxy.of(/\/leases$/).find(({ status }) => status === 200)?.answer; // prettier-ignore
      };
      await bench.queue('once');
      bench.robot.start();
      await bench.proxy.until(() => again <= 0);
      await bench.queue('next');
      await succeedsOnce(bench, 'next');
      await succeedsOnce(bench, 'once');
    },
  },
];

/** What goes wrong between robot and instrument. */
const instrument: readonly Scenario[] = [
  {
    name: 'trigger done, its answer lost',
    play: async (bench) => {
      bench.instrument.lose = ({ action }) => (action === 'start' ? 'after' : undefined);
      await bench.queue('moved');
      bench.robot.start();
      await succeedsOnce(bench, 'moved');
    },
  },
  {
    name: 'trigger lost on its way',
    play: async (bench) => {
      bench.instrument.lose = ({ action }) => (action === 'start' ? 'before' : undefined);
      await bench.queue('still');
      bench.robot.start();
      await failsUnmoved(bench, 'still');
    },
  },
  {
    name: 'the instrument falls silent and comes back',
    play: async (bench) => {
      let vanished: Promise<void> | undefined;
      bench.instrument.told = (moment, { action }) => {
        if (action === 'start' && moment === 'after') vanished ??= bench.instrument.vanish();
      };
      await bench.queue('silent');
      bench.robot.start();
      const before = bench.robot.said.length;
      const { state } = await bench.reaches('silent', 'unknown', 'failed', 'succeeded');
      must(state !== 'succeeded', 'it reported success of an instrument that did not answer');
      must(bench.robot.said.length > before, 'it does not say that its instrument is silent');
      await vanished;
      bench.instrument.told = () => undefined;
      await bench.instrument.listen();
      if (state === 'unknown') await succeedsOnce(bench, 'silent');
    },
  },
];

const isEmptyLease = ({ path, status }: Exchange): boolean => path.endsWith('/leases') && status === 204;

/** Where a robot is killed: a request to the api by its path, or an action of the front panel. */
type Place = { readonly api: RegExp } | { readonly panel: string };

/** Kills the robot once, before a request is handled or after it, and starts it again. */
function killAt(bench: Bench, place: Place, moment: 'before' | 'after'): Promise<void> {
  return new Promise((killed) => {
    let done = false;
    const kill = async (): Promise<void> => {
      done = true;
      await bench.robot.kill();
      bench.robot.start();
      killed();
    };
    if ('api' in place) {
      const meets = ({ path }: Exchange): boolean => !done && place.api.test(path);
      if (moment === 'before')
        bench.proxy.fault = (exchange) => (meets(exchange) ? (void kill(), { kind: 'lose-request' }) : undefined); // prettier-ignore
      else bench.proxy.answered = (exchange) => (meets(exchange) && !isEmptyLease(exchange) ? kill() : undefined);
      return;
    }
    let losing: 'before' | 'after' | undefined;
    bench.instrument.told = async (when, { action }) => {
      if (done || when !== moment || action !== place.panel) return;
      losing = moment;
      await kill();
    };
    bench.instrument.lose = () => {
      const lost = losing;
      losing = undefined;
      return lost;
    };
  });
}

function killed(name: string, place: Place, moment: 'before' | 'after'): Scenario {
  const transfer = name === 'the worklist';
  return {
    name: `killed ${moment} ${name}`,
    ...(transfer ? { capability: 'transfer-liquid' as const } : {}),
    play: async (bench) => {
      if (!transfer) bench.instrument.file = Buffer.alloc(1_200_000, 'measured ');
      bench.instrument.runMs = 400;
      const over = killAt(bench, place, moment);
      await (transfer ? bench.queueTransfer('job') : bench.queue('job'));
      bench.robot.start();
      await over;
      const { id, state } = await bench.settled('job');
      const moved = bench.instrument.count(id);
      must(moved === (state === 'succeeded' ? 1 : 0), `after a kill ${moment} ${name} it ${state}, with ${moved} triggers`); // prettier-ignore
    },
  };
}

const kills: readonly Scenario[] = (
  [
    ['the lease', { api: /\/leases$/ }],
    ['the worklist', { api: /\/v1\/files\// }],
    ['making ready', { panel: 'stage' }],
    ['the start', { api: /\/start$/ }],
    ['the trigger', { panel: 'start' }],
    ['a look at the run', { panel: 'runs' }],
    ['a heartbeat', { api: /\/heartbeats$/ }],
    ['reading a file', { panel: 'files' }],
    ['an upload', { api: /\/chunks\/1\?/ }],
    ['the outcome', { api: /\/outcome$/ }],
  ] as const
).flatMap(([name, place]) => [killed(name, place, 'before'), killed(name, place, 'after')]);

/** Every scenario, the plain ones first. */
export const scenarios: readonly Scenario[] = [...good, ...network, ...instrument, ...kills];
