import type { WaitingDevice } from '../../../db/device-work/claim';

/** What a notice says: a device's own job, one job for any device of a capability, or news for a whole site or everyone. */
export type Notice =
  | { readonly to: 'device'; readonly deviceId: string }
  | { readonly to: 'capability'; readonly siteId: string; readonly capability: string; readonly passed: Set<Ticket> }
  | { readonly to: 'site'; readonly siteId: string }
  | { readonly to: 'all' };

/** Reads a payload of the channel `job_ready`: `d:<device>`, `c:<site>:<capability>:<job>` or `s:<site>`. */
export function parseNotice(payload: string): Notice {
  const [kind, id = '', capability = ''] = payload.split(':');
  if (kind === 'd') return { to: 'device', deviceId: id };
  if (kind === 'c') return { to: 'capability', siteId: id, capability, passed: new Set() };
  return kind === 's' ? { to: 'site', siteId: id } : { to: 'all' };
}

/** One long poll. It is registered before it looks for work, so that no notice falls between the look and the wait. */
export class Ticket {
  private pending: Notice | undefined;
  private wake: (() => void) | undefined;

  constructor(
    readonly device: WaitingDevice,
    private readonly waiters: Waiters,
  ) {}

  /** Whether it waits at this moment. */
  get parked(): boolean {
    return this.wake !== undefined;
  }

  /** Whether it has been told something it has not looked for yet. */
  get hasNotice(): boolean {
    return this.pending !== undefined;
  }

  /** Takes a notice. One look for work answers all notices; of several it keeps one that can be handed on. */
  tell(notice: Notice): void {
    if (this.pending === undefined || notice.to === 'capability') this.pending = notice;
    this.wake?.();
  }

  /** Waits for a notice. @returns whether there is one; false when time is up or the wait was ended */
  async told(withinMs: number, ended: AbortSignal): Promise<boolean> {
    if (this.pending === undefined && withinMs > 0 && !ended.aborted) await this.park(withinMs, ended);
    return this.pending !== undefined && !ended.aborted;
  }

  private park(withinMs: number, ended: AbortSignal): Promise<void> {
    return new Promise((done) => {
      const wake = (): void => {
        clearTimeout(timer);
        ended.removeEventListener('abort', wake);
        this.wake = undefined;
        done();
      };
      const timer = setTimeout(wake, withinMs);
      ended.addEventListener('abort', wake);
      this.wake = wake;
    });
  }

  /** The notice this poll is about to look for work with. */
  take(): Notice | undefined {
    const notice = this.pending;
    this.pending = undefined;
    return notice;
  }

  /** Ends the poll; what it was told and did not use goes on to another. */
  leave(): void {
    const unused = this.take();
    this.waiters.remove(this);
    if (unused) this.waiters.handOn(unused, this);
  }
}

/** The long polls of this process. One notice wakes one of them; a poll that cannot use it hands it on. */
export class Waiters {
  private readonly tickets = new Set<Ticket>();
  private readonly ending = new AbortController();

  /** Aborted when the process stops: every poll is answered. */
  get ended(): AbortSignal {
    return this.ending.signal;
  }

  get count(): number {
    return this.tickets.size;
  }

  register(device: WaitingDevice): Ticket {
    const ticket = new Ticket(device, this);
    this.tickets.add(ticket);
    return ticket;
  }

  remove(ticket: Ticket): void {
    this.tickets.delete(ticket);
  }

  /**
   * Wakes whom a notice concerns: one poll for a job, every poll for news of a site. When every poll it concerns is about
   * to look for work anyway, none is needed: whatever they leave is found by the next poll, which looks before it waits.
   */
  notify(notice: Notice): void {
    const concerned = [...this.tickets].filter((ticket) => concerns(notice, ticket));
    if (notice.to !== 'capability') {
      for (const ticket of concerned) ticket.tell(notice);
      return;
    }
    const free = concerned.filter((ticket) => !ticket.hasNotice);
    const next = free.find((ticket) => ticket.parked) ?? free[0];
    next?.tell(notice);
  }

  /** Passes a notice for any device of a capability to one that has not seen it; others have a single addressee. */
  handOn(notice: Notice, from: Ticket): void {
    if (notice.to !== 'capability') return;
    notice.passed.add(from);
    this.notify(notice);
  }

  /** Answers every poll. */
  end(): void {
    this.ending.abort();
  }
}

function concerns(notice: Notice, ticket: Ticket): boolean {
  const { device } = ticket;
  switch (notice.to) {
    case 'device':
      return device.deviceId === notice.deviceId;
    case 'capability':
      return (
        device.siteId === notice.siteId && device.capabilities.includes(notice.capability) && !notice.passed.has(ticket)
      );
    case 'site':
      return device.siteId === notice.siteId;
    case 'all':
      return true;
  }
}
