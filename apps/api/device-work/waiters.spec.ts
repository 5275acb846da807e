import type { WaitingDevice } from '../../../db/device-work/claim';
import { parseNotice, Waiters } from './waiters';
import type { Ticket } from './waiters';

const device = (deviceId: string, ...capabilities: string[]): WaitingDevice => ({
  deviceId,
  siteId: 's1',
  capabilities,
  inService: true,
});

describe('long polls', () => {
  let waiters: Waiters;
  beforeEach(() => {
    waiters = new Waiters();
  });
  const park = (id: string, ...capabilities: string[]): { ticket: Ticket; told: Promise<boolean> } => {
    const ticket = waiters.register(device(id, ...capabilities));
    return { ticket, told: ticket.told(60_000) };
  };
  const told = (...tickets: Ticket[]): boolean[] => tickets.map((ticket) => ticket.hasNotice);

  it('wake one of a capability for a job, the one that waits longest first', async () => {
    const [a, b, c] = [park('a', 'read'), park('b', 'read'), park('c', 'mix')];
    waiters.notify(parseNotice('c:s1:read'));
    expect(told(a.ticket, b.ticket, c.ticket)).toEqual([true, false, false]);
    waiters.notify(parseNotice('c:s1:read'));
    expect(told(a.ticket, b.ticket, c.ticket)).toEqual([true, true, false]);
    expect(await a.told).toBe(true);
    for (const { ticket } of [a, b, c]) ticket.leave();
    waiters.notify(parseNotice('s:s1'));
    c.ticket.tell({ to: 'all' });
    await Promise.all([b.told, c.told]);
  });

  it.each([
    ['d:b', [false, true]],
    ['s:s1', [true, true]],
    ['s:s2', [false, false]],
    ['c:s2:read', [false, false]],
    ['c:s1:mix', [false, false]],
  ])('are concerned by %s as they should', (payload, expected) => {
    const a = waiters.register(device('a', 'read'));
    const b = waiters.register(device('b', 'read'));
    waiters.notify(parseNotice(payload));
    expect(told(a, b)).toEqual(expected);
  });

  it('hand a notice on that did not help, to each other poll once', () => {
    const tickets = ['a', 'b', 'c'].map((id) => waiters.register(device(id, 'read')));
    waiters.notify(parseNotice('c:s1:read'));
    for (let turn = 0; turn < 3; turn++) {
      expect(told(...tickets)).toEqual(tickets.map((_, index) => index === turn));
      const ticket = tickets[turn] as Ticket;
      const notice = ticket.take();
      if (notice) waiters.handOn(notice, ticket);
    }
    expect(told(...tickets)).toEqual([false, false, false]);
  });

  it('hand on what they were told when they leave without looking', () => {
    const [a, b] = [waiters.register(device('a', 'read')), waiters.register(device('b', 'read'))];
    waiters.notify(parseNotice('c:s1:read'));
    a.leave();
    expect(told(b)).toEqual([true]);
  });

  it('keep a notice that came while they looked, and need not wait then', async () => {
    const ticket = waiters.register(device('a', 'read'));
    waiters.notify(parseNotice('c:s1:read'));
    expect(await ticket.told(60_000)).toBe(true);
  });

  it('bear more notices than there are polls', () => {
    const tickets = ['a', 'b', 'c'].map((id) => waiters.register(device(id, 'read')));
    for (let n = 0; n < 10_000; n++) waiters.notify(parseNotice(n % 3 === 0 ? 's:s1' : 'c:s1:read'));
    expect(told(...tickets)).toEqual([true, true, true]);
    for (const ticket of tickets) ticket.leave();
    expect(waiters.count).toBe(0);
  });

  it('end when the process does', async () => {
    const ticket = waiters.register(device('a', 'read'));
    const answer = ticket.told(60_000);
    waiters.end();
    expect(await answer).toBe(false);
    expect(waiters.register(device('b', 'read')).closed).toBe(true);
  });

  it('end at once when nobody waits for the answer any more', async () => {
    const { ticket, told } = park('a', 'read');
    ticket.close();
    expect(await told).toBe(false);
    expect(ticket.closed).toBe(true);
  });

  it('know the job they are woken for', () => {
    const ticket = waiters.register(device('a', 'read'));
    waiters.notify(parseNotice('c:s1:read:j1'));
    expect(ticket.take()).toMatchObject({ to: 'capability', jobId: 'j1' });
  });

  it('end when time is up', async () => {
    const ticket = waiters.register(device('a', 'read'));
    expect(await ticket.told(1)).toBe(false);
    expect(await ticket.told(0)).toBe(false);
  });

  it('are found among thousands without looking at each: one poll for one job, its own device for a routed one', async () => {
    const tickets = Array.from({ length: 2_000 }, (_, n) =>
      waiters.register(device(`d${n}`, n % 2 ? 'read' : 'mix', 'move')),
    );
    const parked = tickets.map((ticket) => ticket.told(60_000));
    const began = performance.now();
    for (let n = 0; n < 1_000; n++) waiters.notify(parseNotice(`c:s1:read:${n}`));
    for (let n = 0; n < 2_000; n += 2) waiters.notify(parseNotice(`d:d${n}`));
    expect(performance.now() - began).toBeLessThan(500);
    expect(tickets.every(({ hasNotice }) => hasNotice)).toBe(true);
    waiters.notify(parseNotice('c:s1:move:1'));
    for (const ticket of tickets) ticket.leave();
    expect(waiters.count).toBe(0);
    await Promise.all(parked);
  });

  it('are not woken for a job while their device gets no work, and look again when it does', () => {
    const ticket = waiters.register({ ...device('a', 'read'), inService: false });
    waiters.notify(parseNotice('c:s1:read:1'));
    expect(told(ticket)).toEqual([false]);
    expect(ticket.describe(device('a', 'read'))).toBe(true);
    expect(ticket.describe(device('a', 'read'))).toBe(false);
    waiters.notify(parseNotice('c:s1:read:2'));
    expect(told(ticket)).toEqual([true]);
    ticket.leave();
  });
});
