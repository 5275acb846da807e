import type { WaitingDevice } from '../../../db/device-work/claim';
import { parseNotice, Waiters } from './waiters';
import type { Ticket } from './waiters';

const forever = new AbortController().signal;
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
    return { ticket, told: ticket.told(60_000, forever) };
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
    expect(await ticket.told(60_000, forever)).toBe(true);
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
    const answer = ticket.told(60_000, waiters.ended);
    waiters.end();
    expect(await answer).toBe(false);
  });

  it('end when time is up', async () => {
    const ticket = waiters.register(device('a', 'read'));
    expect(await ticket.told(1, forever)).toBe(false);
    expect(await ticket.told(0, forever)).toBe(false);
  });
});
