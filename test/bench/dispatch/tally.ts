import type { JobSeen } from './robot';

/** When a job was queued; times of the machine's clock, ms. */
export interface Queued {
  readonly key: string;
  /** Before its transaction began. */
  readonly calledAt: number;
  /** Its COMMIT was sent: from here on it is about to be ready. */
  readonly readyAt: number;
  /** The COMMIT was answered. */
  readonly committedAt: number;
}

/** How long a job took to reach a robot, ms, from three beginnings. */
export interface Latency {
  readonly fromCall: number;
  readonly fromReady: number;
  readonly fromCommitted: number;
}

/** Every job that was queued and every job a robot did: nothing may be missing, nothing done twice. */
export class Tally {
  private readonly queued = new Map<string, Queued>();
  private readonly seen = new Map<string, JobSeen[]>();
  private readonly troubles: string[] = [];

  /** A job is in the queue. */
  add(job: Queued): void {
    this.queued.set(job.key, job);
  }

  /** Robots did jobs. */
  done(jobs: readonly JobSeen[]): void {
    for (const job of jobs) {
      const known = this.seen.get(job.key);
      if (known) known.push(job);
      else this.seen.set(job.key, [job]);
    }
  }

  /** Something went wrong on a robot's side. */
  trouble(messages: readonly string[]): void {
    this.troubles.push(...messages);
  }

  /** Queued jobs no robot has done yet. */
  get open(): number {
    let open = 0;
    for (const key of this.queued.keys()) if (!this.seen.has(key)) open++;
    return open;
  }

  /** Jobs done more than once, or by more than one robot. */
  get doubled(): number {
    return [...this.seen.values()].filter((jobs) => jobs.length > 1).length;
  }

  /** How many things went wrong, and the first of them in words. */
  get troubleMet(): { readonly count: number; readonly first?: string } {
    const first = this.troubles[0];
    return { count: this.troubles.length, ...(first === undefined ? {} : { first }) };
  }

  /** Latencies of the queued jobs that a robot holds or held. */
  latencies(): Latency[] {
    return [...this.queued.values()].flatMap((job) => {
      const heldAt = this.seen.get(job.key)?.[0]?.heldAt;
      if (heldAt === undefined) return [];
      const { calledAt, readyAt, committedAt } = job;
      return [{ fromCall: heldAt - calledAt, fromReady: heldAt - readyAt, fromCommitted: heldAt - committedAt }];
    });
  }

  /** What robots did, in no order. */
  jobs(): JobSeen[] {
    return [...this.seen.values()].flat();
  }
}
