import type { Pool, PoolClient } from 'pg';
import type { Profile } from './profile';

type Query = (...args: unknown[]) => Promise<unknown>;

/** Statements that come or stay away by real time; no fault looks at them, so that a schedule replays. */
const notCounted = /access_token|credential|last_seen/;

/** What a statement met. */
export class Broken extends Error {
  readonly code: string;

  constructor(message: string, code = 'ECONNRESET') {
    super(message);
    this.code = code;
  }
}

/**
 * Stands between a process and its pool: before and after each statement the process may die, the connection break with the
 * commit unknown, or PostgreSQL be away.
 */
export class PoolGate {
  /** The process died in the middle of what it is doing; nothing it does from here on has an effect. */
  crashed = false;
  /** PostgreSQL is away. */
  away = false;
  private line: Promise<unknown> = Promise.resolve();
  /** Waits at a commit, for another transaction to come in between. */
  onCommit: (() => Promise<void>) | undefined;

  constructor(
    private readonly profile: Profile | undefined,
    private readonly note: (line: string) => void,
  ) {}

  /** Puts a gate, exchanged per schedule, in front of a pool. */
  static install(pool: Pool, gate: () => PoolGate): void {
    const query = (pool.query as Query).bind(pool);
    const connect = pool.connect.bind(pool) as (callback?: unknown) => Promise<PoolClient>;
    pool.query = ((...args: unknown[]) => gate().inTurn(args, () => query(...args))) as Pool['query'];
    pool.connect = (async (callback?: unknown) => {
      if (callback) return connect(callback);
      gate().refuse();
      return gated(await connect(), gate);
    }) as Pool['connect'];
  }

  /** Resolves when no statement is under way that was sent beside others. */
  async idle(): Promise<void> {
    for (let last; last !== this.line;) await (last = this.line);
  }

  /** Statements a process sends side by side go one after another: their order is part of the schedule. */
  private inTurn(args: readonly unknown[], run: () => Promise<unknown>): Promise<unknown> {
    const answer = this.line.then(() => this.around(args, run));
    this.line = answer.catch(() => undefined);
    return answer;
  }

  private refuse(): void {
    if (this.crashed) throw new Broken('the process is dead');
    if (this.away) throw new Broken('PostgreSQL is away', '57P01');
  }

  async around(
    args: readonly unknown[],
    run: () => Promise<unknown>,
    rollback?: () => Promise<unknown>,
  ): Promise<unknown> {
    const text = textOf(args[0]);
    // The last words of a broken process: its transaction is gone, whatever it says.
    if (/^rollback/i.test(text) && (this.crashed || this.away)) {
      await rollback?.();
      throw new Broken('the connection is gone');
    }
    await this.check(rollback);
    if (!this.profile || notCounted.test(text)) return run();
    await this.before(text, rollback);
    if (/^commit/i.test(text) && this.profile.hits('parked-commit')) await this.onCommit?.();
    await this.check(rollback);
    const result = await run();
    await this.after(text, rollback);
    return result;
  }

  private async check(rollback?: () => Promise<unknown>): Promise<void> {
    if (this.crashed || this.away) await rollback?.();
    this.refuse();
  }

  private async before(text: string, rollback?: () => Promise<unknown>): Promise<void> {
    if (this.profile?.hits('api-crash')) {
      this.note(`the process dies before: ${brief(text)}`);
      this.crashed = true;
      await rollback?.();
      throw new Broken('the process is dead');
    }
    if (this.profile?.hits('lost-race') && !/^(begin|commit|rollback)/i.test(text)) {
      this.note(`lost race: ${brief(text)}`);
      throw new Broken('could not serialize access', '40001');
    }
  }

  private async after(text: string, rollback?: () => Promise<unknown>): Promise<void> {
    if (this.profile?.hits('api-crash')) {
      this.note(`the process dies after: ${brief(text)}`);
      this.crashed = true;
      await rollback?.();
      throw new Broken('the process is dead');
    }
    if (this.profile?.hits('commit-unknown')) {
      this.note(`the connection breaks after: ${brief(text)}`);
      await rollback?.();
      throw new Broken('Connection terminated unexpectedly');
    }
  }
}

/** A client whose statements pass the gate until it is given back. */
function gated(client: PoolClient, gate: () => PoolGate): PoolClient {
  const query = client.query;
  const release = client.release;
  const mine = gate();
  let open = false;
  const rollback = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await (query as Query).call(client, 'rollback');
  };
  client.query = (async (...args: unknown[]) => {
    const text = textOf(args[0]);
    if (/^begin/i.test(text)) open = true;
    const result = await mine.around(args, () => (query as Query).call(client, ...args), rollback);
    if (/^(commit|rollback)/i.test(text)) open = false;
    return result;
  }) as PoolClient['query'];
  client.release = (error) => {
    client.query = query;
    client.release = release;
    release.call(client, error);
  };
  return client;
}

const textOf = (query: unknown): string =>
  (typeof query === 'string' ? query : ((query as { text?: string } | undefined)?.text ?? '')).trim();

const brief = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 40);
