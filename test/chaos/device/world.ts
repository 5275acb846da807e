import type { Pool } from 'pg';
import type { ApiRequest, ApiResponse } from '../../../apps/agent/ports';
import type { Outcome } from '../../../libs/device/job';
import type { Generator } from '../../../libs/random/generator';
import type { LaneLab } from './lane-lab';
import type { Profile } from './profile';
import type { Turns } from './turns';
import { PoolGate } from './faulty-pool';

/** A transaction that is open while other things happen. */
export interface Held {
  /** Ends it; whatever waited for its locks goes on. */
  readonly finish: () => Promise<void>;
}

const stuckMs = 40_000;

/** PostgreSQL and the api as one schedule uses them: time, transactions that stay open, processes that die. */
export class World {
  private behindMs = 0;
  private syncedAt: string | undefined;
  private readonly held = new Set<Held>();
  private readonly outcomes = new Map<string, Outcome[]>();
  private downUntil = 0;
  private current: Promise<unknown> = Promise.resolve();
  /** Told when something changed that others may wait for. */
  onNews: () => void = () => undefined;

  constructor(
    readonly lab: LaneLab,
    readonly turns: Turns,
    readonly profile: Profile,
    private readonly random: Generator,
  ) {
    const note = (line: string): void => turns.note(line);
    lab.apiGate = new PoolGate(profile, (line) => note(`api: ${line}`));
    lab.workerGate = new PoolGate(profile, (line) => note(`worker: ${line}`));
    for (const gate of [lab.apiGate, lab.workerGate]) gate.onCommit = () => this.park();
    turns.onTime = (byMs) => (this.behindMs += byMs);
  }

  /** Work with PostgreSQL: at the present virtual time, and never stuck behind a transaction that stays open. */
  async io<T>(work: () => Promise<T>): Promise<T> {
    await this.keepTime();
    const { apiGate, workerGate } = this.lab;
    const over = (): Promise<unknown> => Promise.all([apiGate.idle(), workerGate.idle()]);
    const result = work().finally(over);
    this.guard(result);
    this.current = result.catch(() => undefined);
    return this.unblocking(result);
  }

  /** Work that stays away for a minute of real time is a fault of this simulation: better loud than stuck. */
  private guard(result: Promise<unknown>): void {
    const timer = setTimeout(() => {
      process.stderr.write(`seed ${this.lab.seed} is stuck: ${this.turns.latest}\n`);
      process.exit(3);
    }, stuckMs);
    const over = (): void => clearTimeout(timer);
    result.then(over, over);
  }

  hold(held: Held): void {
    this.held.add(held);
  }

  async finish(held: Held): Promise<void> {
    if (this.held.delete(held)) await held.finish();
  }

  /** Ends all of them, side by side: what one waits for may be another's. */
  async finishAll(): Promise<void> {
    await Promise.all([...this.held].map((held) => this.finish(held)));
  }

  /** A transaction waits before its commit while other things have their turn. */
  private park(): Promise<void> {
    const { turns, current } = this;
    turns.note('a transaction waits before its commit');
    return new Promise((resolve) => {
      const held: Held = {
        finish: async () => {
          this.current = current;
          resolve();
          await current;
        },
      };
      this.hold(held);
      turns.later('PostgreSQL', 'commits what waited', 1_000 * this.random.below(60), () => this.finish(held));
      turns.detach();
    });
  }

  /** Whether a transaction is open. */
  get holds(): boolean {
    return this.held.size > 0;
  }

  /** Outcomes of a dispatch that the api answered with 200, whoever heard it. */
  taken(dispatchId: string): readonly Outcome[] {
    return this.outcomes.get(dispatchId) ?? [];
  }

  /** A request arrives at the api. @returns undefined when the api broke off */
  async serve(request: ApiRequest): Promise<ApiResponse | undefined> {
    const { turns, lab } = this;
    if (turns.now < this.downUntil) return undefined;
    const gate = lab.apiGate;
    const response = await this.io(() => lab.send(request));
    turns.note(
      `${request.method} ${request.path.split('/').slice(-1)[0]} -> ${response.status} ${problemOf(response)}`,
    );
    if (gate.crashed) return this.restartApi(gate);
    if (response.status < 300) this.keepTaken(request);
    if (request.method === 'POST' && response.status < 300 && changes.test(request.path)) this.onNews();
    return response;
  }

  private keepTaken({ path, body }: ApiRequest): void {
    const [, dispatchId] = /\/dispatches\/([^/]+)\/outcome$/.exec(path) ?? [];
    if (dispatchId === undefined || typeof body !== 'string') return;
    const { outcome } = JSON.parse(body) as { outcome: Outcome };
    this.outcomes.set(dispatchId, [...this.taken(dispatchId), outcome]);
  }

  /** PostgreSQL answers nobody for a while. */
  takeAway(forMs: number): void {
    const { apiGate, workerGate } = this.lab;
    [apiGate.away, workerGate.away] = [true, true];
    this.turns.note('PostgreSQL goes away');
    this.turns.later('PostgreSQL', 'comes back', forMs, () => this.bringBack());
  }

  bringBack(): void {
    this.lab.apiGate.away = false;
    this.lab.workerGate.away = false;
  }

  /** Work of the api's own, as the sweep of leases: a crash in it is a crash of the api. */
  async keeping<T>(work: (pool: Pool) => Promise<T>): Promise<T | undefined> {
    const gate = this.lab.apiGate;
    if (this.turns.now < this.downUntil) return undefined;
    try {
      return await this.io(() => work(this.lab.apiPool));
    } catch (error) {
      this.turns.note(`keeper: ${(error as Error).message}`);
      if (gate.crashed) await this.restartApi(gate);
      return undefined;
    }
  }

  private async restartApi(gate: PoolGate): Promise<undefined> {
    // Whatever else was under way in it died with it.
    await this.finishAll();
    gate.crashed = false;
    this.downUntil = this.turns.now + 5_000;
    return undefined;
  }

  /** Lets the time that passed in the schedule pass in PostgreSQL too; the real milliseconds since then do not count. */
  private async keepTime(): Promise<void> {
    if (this.behindMs === 0 && this.syncedAt !== undefined) return;
    const { rows } = await this.unblocking(
      this.lab.watcher.query<{ at: string }>({
        name: 'keep-time',
        text: `with shift as (select $1::float8 * interval '1 millisecond' - coalesce(clock_timestamp() - $2::timestamptz, interval '0') as by),
        leases as (update dispatch set lease_expires_at = lease_expires_at - shift.by, heartbeat_at = heartbeat_at - shift.by
          from shift where state in ('leased', 'started', 'unknown')),
        clock as (update lab_clock set now_at = now_at + $1::float8 * interval '1 millisecond' where $1 > 0)
        select clock_timestamp()::text as at`,
        values: [this.behindMs, this.syncedAt ?? null],
      }),
    );
    this.syncedAt = (rows[0] as { at: string }).at;
    this.behindMs = 0;
  }

  /** When the work waits for a lock of an open transaction, that transaction ends first. */
  private async unblocking<T>(result: Promise<T>): Promise<T> {
    if (this.held.size === 0) return result;
    const settled = result.then(
      () => true,
      () => true,
    );
    for (;;) {
      const done = await Promise.race([settled, new Promise<false>((next) => setTimeout(() => next(false), 3))]);
      if (done) return result;
      if (await this.isBlocked()) {
        this.turns.note('waits for a transaction that is open');
        return this.profile.mute(async () => {
          await this.finishAll();
          await settled;
          return result;
        });
      }
    }
  }

  private async isBlocked(): Promise<boolean> {
    const { rowCount } = await this.lab.quietPool.query({
      name: 'is-blocked',
      text: `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    });
    return (rowCount ?? 0) > 0;
  }
}

const changes = /\/(outcome|release|resolution|resolutions|state|self-test)$/;

function problemOf({ status, body }: ApiResponse): string {
  if (status < 400) return '';
  const text = Buffer.from(body).toString('utf8');
  return /"type":\s*"([^"]*)"/.exec(text)?.[1]?.split(/[/#]/).pop() ?? text.slice(0, 80);
}
