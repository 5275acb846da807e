import type { WaitingDevice } from '../../../db/device-work/claim';

/** What a notice says: a device's own job, one job for any device of a capability, or news for a whole site or everyone. */
export type Notice =
  | { readonly to: 'device'; readonly deviceId: string }
  | {
      readonly to: 'capability';
      readonly siteId: string;
      readonly capability: string;
      /** The job, so that who is woken for it need not search. */
      readonly jobId?: string;
      readonly passed: Set<Ticket>;
    }
  | { readonly to: 'site'; readonly siteId: string }
  | { readonly to: 'all' };

/** Reads a payload of the channel `job_ready`: `d:<device>`, `c:<site>:<capability>:<job>` or `s:<site>`. */
export function parseNotice(payload: string): Notice {
  const [kind, id = '', capability = '', jobId] = payload.split(':');
  if (kind === 'd') return { to: 'device', deviceId: id };
  if (kind === 'c') return { to: 'capability', siteId: id, capability, passed: new Set(), ...(jobId ? { jobId } : {}) };
  return kind === 's' ? { to: 'site', siteId: id } : { to: 'all' };
}

/** What a poll does: looks for work, waits, or has been told something it has not looked for yet. */
type Doing = 'looking' | 'parked' | 'told';

/** One long poll. It is registered before it looks for work, so that no notice falls between the look and the wait. */
export class Ticket {
  private pending: Notice | undefined;
  private wake: (() => void) | undefined;
  private gone = false;

  constructor(
    private described: WaitingDevice,
    private readonly waiters: Waiters,
  ) {}

  get device(): WaitingDevice {
    return this.described;
  }

  get doing(): Doing {
    if (this.pending !== undefined) return 'told';
    return this.wake ? 'parked' : 'looking';
  }

  /** Whether it has been told something it has not looked for yet. */
  get hasNotice(): boolean {
    return this.pending !== undefined;
  }

  /** Takes a notice. One look for work answers all notices; of several it keeps one that can be handed on. */
  tell(notice: Notice): void {
    if (this.pending === undefined || notice.to === 'capability') this.change(() => (this.pending = notice));
    this.wake?.();
  }

  /**
   * What the last look found out about the device.
   * @returns whether notices may have passed it by, since it was not known to get work: look once more before waiting
   */
  describe(device: WaitingDevice): boolean {
    const missed = device.inService && !this.described.inService;
    this.change(() => (this.described = device));
    return missed;
  }

  /** Whether nobody waits for the answer any more. */
  get closed(): boolean {
    return this.gone || this.waiters.ended;
  }

  /** Waits for a notice. @returns whether there is one; false when time is up or nobody waits for the answer any more */
  async told(withinMs: number): Promise<boolean> {
    if (this.pending === undefined && withinMs > 0 && !this.closed) await this.park(withinMs);
    return this.pending !== undefined && !this.closed;
  }

  private park(withinMs: number): Promise<void> {
    return new Promise((done) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.change(() => (this.wake = undefined));
        done();
      };
      const timer = setTimeout(wake, withinMs);
      this.change(() => (this.wake = wake));
    });
  }

  /** Nobody waits for the answer any more: the wait ends at once. */
  close(): void {
    this.gone = true;
    this.wake?.();
  }

  /** The notice this poll is about to look for work with. */
  take(): Notice | undefined {
    const notice = this.pending;
    if (notice) this.change(() => (this.pending = undefined));
    return notice;
  }

  /** Ends the poll; what it was told and did not use goes on to another. */
  leave(): void {
    const unused = this.pending;
    this.waiters.remove(this);
    if (unused) this.waiters.handOn(unused, this);
  }

  private change(what: () => void): void {
    this.waiters.moving(this, what);
  }
}

/** Tickets under keys; a key without tickets is forgotten. */
class Shelves {
  private readonly shelves = new Map<string, Set<Ticket>>();

  at(key: string): ReadonlySet<Ticket> {
    return this.shelves.get(key) ?? nobody;
  }

  add(key: string, ticket: Ticket): void {
    const shelf = this.shelves.get(key);
    if (shelf) shelf.add(ticket);
    else this.shelves.set(key, new Set([ticket]));
  }

  delete(key: string, ticket: Ticket): void {
    const shelf = this.shelves.get(key);
    if (shelf?.delete(ticket) && shelf.size === 0) this.shelves.delete(key);
  }
}

const nobody: ReadonlySet<Ticket> = new Set();

/**
 * The long polls of this process. One notice wakes one of them; a poll that cannot use it hands it on. Polls stand under their
 * device and, while they are free to be told of a job, under each capability: a notice costs the same with one poll or thousands.
 */
export class Waiters {
  private readonly tickets = new Set<Ticket>();
  private readonly byDevice = new Shelves();
  private readonly free = new Shelves();
  private ending = false;

  /** Whether the process stops: every poll is answered. */
  get ended(): boolean {
    return this.ending;
  }

  get count(): number {
    return this.tickets.size;
  }

  /** Devices whose polls wait here. */
  get deviceIds(): string[] {
    return [...new Set([...this.tickets].map(({ device }) => device.deviceId))];
  }

  register(device: WaitingDevice): Ticket {
    const ticket = new Ticket(device, this);
    this.tickets.add(ticket);
    this.put(ticket);
    return ticket;
  }

  remove(ticket: Ticket): void {
    this.takeOff(ticket);
    this.tickets.delete(ticket);
  }

  /** Lets a ticket change what it does or what is known of it. */
  moving(ticket: Ticket, change: () => void): void {
    const known = this.tickets.has(ticket);
    if (known) this.takeOff(ticket);
    change();
    if (known) this.put(ticket);
  }

  /**
   * Wakes whom a notice concerns: one poll for a job, every poll for news of a site. When every poll it concerns is about
   * to look for work anyway, none is needed: whatever they leave is found by the next poll, which looks before it waits.
   */
  notify(notice: Notice): void {
    if (notice.to === 'device') {
      for (const ticket of [...this.byDevice.at(notice.deviceId)]) ticket.tell(notice);
    } else if (notice.to === 'capability') {
      this.nextFor(notice)?.tell(notice);
    } else {
      for (const ticket of [...this.tickets])
        if (notice.to === 'all' || ticket.device.siteId === notice.siteId) ticket.tell(notice);
    }
  }

  /** Passes a notice for any device of a capability to one that has not seen it; others have a single addressee. */
  handOn(notice: Notice, from: Ticket): void {
    if (notice.to !== 'capability') return;
    notice.passed.add(from);
    this.notify(notice);
  }

  /** Answers every poll. */
  end(): void {
    this.ending = true;
    for (const ticket of [...this.tickets]) ticket.close();
  }

  /** The poll that waits longest, else one that looks at this moment and may have looked too early. */
  private nextFor({ siteId, capability, passed }: Notice & { readonly to: 'capability' }): Ticket | undefined {
    for (const doing of ['parked', 'looking'] as const)
      for (const ticket of this.free.at(`${doing}:${siteId}:${capability}`)) if (!passed.has(ticket)) return ticket;
    return undefined;
  }

  private put(ticket: Ticket): void {
    this.byDevice.add(ticket.device.deviceId, ticket);
    for (const key of freeKeys(ticket)) this.free.add(key, ticket);
  }

  private takeOff(ticket: Ticket): void {
    this.byDevice.delete(ticket.device.deviceId, ticket);
    for (const key of freeKeys(ticket)) this.free.delete(key, ticket);
  }
}

/** Where a poll can be found for a job of a capability: nowhere while its device gets no work or it has been told already. */
function freeKeys({ doing, device }: Ticket): string[] {
  if (doing === 'told' || !device.inService) return [];
  return device.capabilities.map((capability) => `${doing}:${device.siteId}:${capability}`);
}
