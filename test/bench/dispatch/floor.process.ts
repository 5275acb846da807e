import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Client, Pool } from 'pg';
import { floorChannel } from './floor-tables';

/**
 * The bare floor: the same three calls of a robot, each one UPDATE and nothing else. No credential, no events, no choosing.
 * A poll is registered before it claims; one notice wakes one poll.
 */
class FloorServer {
  private readonly parked = new Set<(woken: boolean) => void>();
  private missed = 0;

  constructor(private readonly pool: Pool) {}

  /** Wakes the poll that waits longest; a notice nobody waits for is kept for the next. */
  wake(): void {
    const [first] = this.parked;
    if (!first) this.missed++;
    else first(true);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as { waitMs?: number; token?: string };
    const parts = (request.url ?? '').split('/');
    const id = parts[3] ?? '';
    const answer =
      parts[4] === 'leases'
        ? await this.lease(response, body.waitMs ?? 0)
        : await this.report(id, parts[4] ?? '', body);
    const payload = answer === undefined ? '' : JSON.stringify(answer);
    response.writeHead(answer === undefined ? 204 : 200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
    });
    response.end(payload);
  }

  private async lease(response: ServerResponse, waitMs: number): Promise<unknown> {
    let gone = false;
    response.on('close', () => (gone = true));
    const until = performance.now() + waitMs;
    while (!gone && performance.now() < until) {
      const job = await this.claim();
      if (job) return job;
      if (this.missed > 0) this.missed--;
      else await this.park(response, until - performance.now());
    }
    return undefined;
  }

  private async claim(): Promise<unknown> {
    const { rows } = await this.pool.query<Record<string, unknown>>({
      name: 'claim',
      text: `with next as (
          select id from floor_job where state = 'queued' order by priority, queued_at, id limit 1 for update skip locked)
        update floor_job j set state = 'leased', fencing_token = nextval('floor_token'),
          lease_expires_at = now() + interval '15 seconds'
        from next where j.id = next.id
        returning j.id::text as "dispatchId", j.fencing_token::text as "fencingToken", j.key as "stepKey"`,
    });
    return rows[0];
  }

  private async report(id: string, what: string, body: { token?: string }): Promise<unknown> {
    const [from, to] = what === 'start' ? ['leased', 'started'] : ['started', 'done'];
    await this.pool.query({
      name: 'report',
      text: 'update floor_job set state = $4 where id = $1 and fencing_token = $2 and state = $3',
      values: [id, body.token, from, to],
    });
    return { status: to };
  }

  private park(response: ServerResponse, withinMs: number): Promise<void> {
    return new Promise((done) => {
      const wake = (woken: boolean): void => {
        clearTimeout(timer);
        response.off('close', left);
        this.parked.delete(wake);
        if (woken && response.destroyed) this.wake();
        done();
      };
      const left = (): void => wake(false);
      const timer = setTimeout(wake, withinMs, false);
      response.on('close', left);
      this.parked.add(wake);
    });
  }
}

async function main(): Promise<void> {
  const [databaseUrl, port] = process.argv.slice(2);
  const pool = new Pool({ connectionString: databaseUrl, max: 20 });
  const floor = new FloorServer(pool);
  const listening = new Client({ connectionString: databaseUrl });
  await listening.connect();
  listening.on('notification', () => floor.wake());
  await listening.query(`listen ${floorChannel}`);
  const server = createServer((request, response) => {
    floor.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(Number(port), '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`));
  process.on('SIGTERM', () => process.exit(0));
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
