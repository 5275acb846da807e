import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import { newId } from '../ids';
import { inTransaction } from '../transaction';
import { arrange } from './logistics';

/** A site's clock as seen from outside. */
export interface ClockState {
  /** Lab time, ISO. */
  readonly now: string;
  readonly mode: 'wall' | 'virtual';
  readonly revision: number;
  /** Whether nothing is under way that lab time could overtake. */
  readonly quiet: boolean;
  /** The next moment at which something happens by itself, ISO; null when nothing is to come. */
  readonly nextAt: string | null;
  /** What is under way, at most 20 of it: `leasable: echo-1: r1/build/…`. */
  readonly blockedBy: readonly string[];
}

interface ClockRow {
  readonly site_id: string;
  readonly now: string;
  readonly mode: 'wall' | 'virtual';
  readonly revision: string;
  readonly next_at: string | null;
  readonly blocked_by: string[];
}

const clockQuery = `select c.site_id, iso_time(lab_now(c.site_id)) as now, c.mode, c.revision,
    iso_time(clock_next(c.site_id)) as next_at,
    array(select kind || ': ' || subject from clock_obstacles(c.site_id) limit 20) as blocked_by
  from lab_clock c join site s on s.id = c.site_id where s.tenant_id = $1 and s.slug = $2`;

/** How a site's clock stands. @throws DomainError `not-found` */
export async function clockState(
  pool: Pool | PoolClient,
  at: { readonly tenantId: string; readonly site: string },
): Promise<ClockState> {
  return toState(await readClock(pool, at));
}

/**
 * Moves a virtual clock forward: a compare-and-set on its revision, refused unless nothing is under way and `to` is not
 * past the next moment at which something happens. Due lab timers fire in the same transaction.
 * @throws DomainError `clock-conflict` with the present state in its details; `not-found`
 */
export async function advanceClock(
  pool: Pool,
  wish: { readonly tenantId: string; readonly site: string; readonly to: string; readonly revision: number },
): Promise<ClockState> {
  const outcome = await inTransaction(pool, async (client) => {
    const locked = await client.query<{ site_id: string }>(
      `select c.site_id from lab_clock c join site s on s.id = c.site_id where s.tenant_id = $1 and s.slug = $2 for update of c`,
      [wish.tenantId, wish.site],
    );
    const siteId = locked.rows[0]?.site_id;
    if (siteId) await arrange(client, siteId);
    const before = toState(await readClock(client, wish));
    const refusal = whyNot(before, wish);
    if (refusal || !siteId) return { refusal, state: before };
    await client.query('update lab_clock set now_at = $2, revision = revision + 1 where site_id = $1', [
      siteId,
      wish.to,
    ]);
    await client.query(
      `select fire_lab_timers($1), promote_timed($1, null), pg_notify('job_ready', 's:' || $1::text), pg_notify('lab_changed', $1::text)`,
      [siteId],
    );
    return { state: toState(await readClock(client, wish)) };
  });
  if (outcome.refusal) throw new DomainError('clock-conflict', outcome.refusal, { clock: outcome.state });
  return outcome.state;
}

/**
 * Sets a virtual clock, before any campaign exists at its site.
 * @throws DomainError `clock-conflict`, `not-found`
 */
export async function setClock(
  pool: Pool,
  wish: { readonly tenantId: string; readonly site: string; readonly mode: 'wall' | 'virtual'; readonly now?: string },
): Promise<ClockState> {
  return inTransaction(pool, async (client) => {
    const { site_id: siteId } = await readClock(client, wish);
    const { rowCount } = await client.query('select 1 from campaign where site_id = $1 limit 1', [siteId]);
    if (rowCount)
      throw new DomainError('clock-conflict', `site ${wish.site} has campaigns: its clock only moves forward`);
    if (wish.mode === 'virtual' && !wish.now) throw new DomainError('missing-key', 'a virtual clock needs `now`');
    await client.query('update lab_clock set mode = $2, now_at = $3, revision = revision + 1 where site_id = $1', [
      siteId,
      wish.mode,
      wish.mode === 'virtual' ? wish.now : null,
    ]);
    return toState(await readClock(client, wish));
  });
}

/** A moment in lab time at which a workflow wants to hear `labTimerFired` with the key. */
export interface LabTimer {
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  readonly round?: number;
  readonly stage?: string;
  /** Natural key within the campaign: the timer is set once, for ever. */
  readonly key: string;
  /** Lab time from now. */
  readonly inMs: number;
}

/** Sets a lab timer; one with this key that exists is left as it is. */
export async function setLabTimer(pool: Pool | PoolClient, timer: LabTimer): Promise<void> {
  await pool.query(
    `insert into lab_timer (id, tenant_id, site_id, campaign_id, round, stage, key, due_lab_at)
     values ($1, $2, $3, $4, $5, $6, $7, lab_now($3) + $8::bigint * interval '1 millisecond') on conflict do nothing`,
    [
      newId(),
      timer.tenantId,
      timer.siteId,
      timer.campaignId,
      timer.round ?? null,
      timer.stage ?? null,
      timer.key,
      timer.inMs,
    ],
  );
}

async function readClock(
  pool: Pool | PoolClient,
  at: { readonly tenantId: string; readonly site: string },
): Promise<ClockRow> {
  const { rows } = await pool.query<ClockRow>({ name: 'clock', text: clockQuery, values: [at.tenantId, at.site] });
  if (!rows[0]) throw new DomainError('not-found', `there is no site ${at.site}`);
  return rows[0];
}

function toState(row: ClockRow): ClockState {
  return {
    now: row.now,
    mode: row.mode,
    revision: Number(row.revision),
    quiet: row.blocked_by.length === 0,
    nextAt: row.next_at,
    blockedBy: row.blocked_by,
  };
}

function whyNot(clock: ClockState, wish: { readonly to: string; readonly revision: number }): string | undefined {
  const to = Date.parse(wish.to);
  if (clock.mode !== 'virtual') return 'this site runs in wall time';
  if (clock.revision !== wish.revision) return `the clock is at revision ${clock.revision}, not ${wish.revision}`;
  if (!clock.quiet) return `not quiet: ${clock.blockedBy.join('; ')}`;
  if (!(to > Date.parse(clock.now))) return `the clock is at ${clock.now} and only moves forward`;
  if (clock.nextAt === null || to > Date.parse(clock.nextAt))
    return `something happens at ${clock.nextAt ?? 'no time'}, before ${wish.to}`;
  return undefined;
}
