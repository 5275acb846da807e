import type { Pool, PoolClient } from 'pg';

/** A fact that changed, as it is written. */
export interface NewEvent {
  readonly tenantId: string;
  /** What it is about: `campaign/<id>`, `job/<id>`, `device/<id>`, `labware/<id>`. */
  readonly stream: string;
  /** Past-tense fact: `campaignSubmitted`. */
  readonly kind: string;
  readonly actorId: string;
  readonly campaignId?: string;
  /** Records the site's lab time beside the wall time. */
  readonly siteId?: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An event as it is read. */
export interface StoredEvent {
  /** Where to read on from: pass it as `after`. */
  readonly cursor: string;
  readonly stream: string;
  readonly seq: number;
  readonly kind: string;
  readonly at: Date;
  readonly labAt: Date | null;
  readonly actor: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Appends an event; writers of one stream take their turn until their transactions end. */
export async function appendEvent(client: Pool | PoolClient, event: NewEvent): Promise<void> {
  await client.query({
    name: 'append-event',
    text: `with turn as materialized (select pg_advisory_xact_lock(hashtextextended($2, 0)))
      select append_event($1, $2, $3, $4, $5, lab_now($6), $7::jsonb) from turn`,
    values: [
      event.tenantId,
      event.stream,
      event.kind,
      event.actorId,
      event.campaignId ?? null,
      event.siteId ?? null,
      JSON.stringify(event.payload),
    ],
  });
}

/**
 * Events of a campaign and of its jobs, oldest first, after a cursor. Stops before transactions that are still open:
 * a reader that goes on from the last cursor misses nothing.
 */
export async function readEvents(
  pool: Pool,
  wanted: { readonly tenantId: string; readonly campaignId: string; readonly after?: string; readonly limit: number },
): Promise<StoredEvent[]> {
  const [transaction, position] = (wanted.after ?? '0:0').split(':');
  const { rows } = await pool.query<StoredEvent>(
    `select e.transaction_id || ':' || e.position as cursor, e.stream, e.seq, e.kind, e.at, e.lab_at as "labAt",
       a.name as actor, e.payload
     from event e join actor a on a.id = e.actor_id
     where e.campaign_id = $1 and e.tenant_id = $2 and (e.transaction_id, e.position) > ($3::bigint, $4::bigint)
       and e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
     order by e.transaction_id, e.position limit $5`,
    [wanted.campaignId, wanted.tenantId, transaction, position, wanted.limit],
  );
  return rows;
}
