import type { PoolClient } from 'pg';
import type { JobSpec } from '../../libs/device/job';
import { findLabwareKind } from '../../libs/labware/kinds';
import { systemJobId } from '../ids';
import { jobArgument } from './enqueue';
import { planSupply } from './supply-plan';
import type { Rack, SuppliedJob, SupplyMove, TipDeck } from './supply-plan';

/** Expected duration of one move in lab time (ms), and how long it may be repeated. */
const moveMs = 120_000;
const repeatableWithinMs = 3_600_000;
/** How many jobs of the queue are supplied ahead. */
const jobsAhead = 50;

interface JobRow extends SuppliedJob {
  readonly tenantId: string;
  readonly slug: string;
  readonly stepKey: string;
  readonly priority: number;
}

interface PlaceRow {
  readonly id: string;
  readonly code: string;
  readonly kind: string;
}

/**
 * Queues jobs that bring boxes of tips to the decks where queued jobs lack them, take away those in the way, and look at labware
 * nobody has confirmed. For an arm or a person, like every move. The caller holds the lock of the site's logistics.
 * @returns whether anything was queued
 */
export async function arrangeSupply(client: PoolClient, siteId: string): Promise<boolean> {
  const jobs = await readJobs(client, siteId);
  if (jobs.length === 0) return false;
  const { rows: places } = await client.query<PlaceRow>(
    'select id, code, kind from place where site_id = $1 order by code',
    [siteId],
  );
  const store = places.find(({ kind }) => kind === 'consumables') ?? places.find(({ kind }) => kind === 'storage');
  if (!store) return false;
  const usesTips = jobs.some(({ tips }) => tips.length > 0);
  const moves = planSupply({
    jobs,
    racks: usesTips ? await readRacks(client, siteId) : [],
    decks: usesTips ? await readDecks(client, siteId) : [],
    storePlaceId: store.id,
    wastePlaceId: places.find(({ kind }) => kind === 'waste')?.id ?? null,
  });
  await queue(client, siteId, jobs, places, moves);
  return moves.length > 0;
}

/** Queued jobs that go to a device and use tips there, or labware that nobody has confirmed; none at a site that counts no tips. */
async function readJobs(client: PoolClient, siteId: string): Promise<JobRow[]> {
  const { rows } = await client.query<JobRow>({
    name: 'supply-jobs',
    text: `with counts as materialized (
        select exists (select 1 from labware where site_id = $1 and kind like 'tips-%') as tips
      )
      select j.id as "jobId", j.tenant_id as "tenantId", coalesce(c.slug, 'system') as slug, j.step_key as "stepKey", j.priority,
        v.place_id as "deckId", coalesce(t.tips, '[]') as tips, coalesce(u.unconfirmed, '[]') as unconfirmed
      from counts cross join dispatch d join job j on j.id = d.job_id join device v on v.id = j.routed_device_id
      left join campaign c on c.id = j.campaign_id
      left join lateral (select json_agg(json_build_object('kind', t.kind, 'count', t.count) order by t.kind) as tips
        from dispatch_tip t where t.dispatch_id = d.id) t on counts.tips
      left join lateral (
        select json_agg(json_build_object('labwareId', w.id, 'barcode', w.barcode, 'kind', w.kind) order by w.barcode) as unconfirmed
        from job_labware jl join labware w on w.id = jl.labware_id
        where jl.job_id = j.id and jl.at = 'device' and w.place_id = v.place_id and w.unconfirmed is not null
          and w.in_use_by is null and not w.held and not exists (
            select 1 from job_labware o join job m on m.id = o.job_id and m.serves_job_id is not null
            join dispatch x on x.job_id = m.id and x.state in ('blocked', 'queued', 'leased', 'started', 'unknown', 'failed')
            where o.labware_id = w.id and x.attempt = (select max(y.attempt) from dispatch y where y.job_id = m.id)
              and (x.state <> 'failed' or exists (
                select 1 from incident i where i.dispatch_id = x.id and i.resolved_at is null)))) u on true
      where d.site_id = $1 and d.state = 'queued' and v.place_id is not null
        and coalesce(c.status in ('submitted', 'running'), true) and (t.tips is not null or u.unconfirmed is not null)
      order by j.priority, j.rank, d.queued_at, d.id limit $2`,
    values: [siteId, jobsAhead],
  });
  return rows;
}

async function readRacks(client: PoolClient, siteId: string): Promise<Rack[]> {
  const { rows } = await client.query<Rack>({
    name: 'supply-racks',
    text: `select w.id as "labwareId", w.barcode, w.kind, w.place_id as "placeId", t.tips as left,
        w.held or w.in_use_by is not null or w.unconfirmed is not null or exists (
          select 1 from dispatch_rack r join dispatch d on d.id = r.dispatch_id
          where r.labware_id = w.id and d.state in ('leased', 'started', 'unknown')) as fixed,
        (select p.id from job_labware jl join job m on m.id = jl.job_id
         join dispatch d on d.job_id = m.id and d.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
         join place p on p.site_id = m.site_id and p.code = m.spec -> 'parameters' ->> 'place'
         where jl.labware_id = w.id order by m.created_at desc limit 1) as "comingTo"
      from labware w cross join lateral tips_in(w) t
      where w.site_id = $1 and w.kind like 'tips-%' and not w.discarded`,
    values: [siteId],
  });
  return rows;
}

async function readDecks(client: PoolClient, siteId: string): Promise<TipDeck[]> {
  const { rows } = await client.query<TipDeck>({
    name: 'supply-decks',
    text: `select p.id, tip_room(p) as "tipRoom" from place p where p.site_id = $1 and p.kind = 'deck' and tip_room(p) > 0
      order by p.code`,
    values: [siteId],
  });
  return rows;
}

async function queue(
  client: PoolClient,
  siteId: string,
  jobs: readonly JobRow[],
  places: readonly PlaceRow[],
  moves: readonly SupplyMove[],
): Promise<void> {
  if (moves.length === 0) return;
  const codeOf = (id: string): string => places.find((place) => place.id === id)?.code ?? '';
  const past = await countPast(client, moves);
  const wanted = moves.map((move) => {
    const job = jobs.find(({ jobId }) => jobId === move.servesJobId) as JobRow;
    const number = (past.get(`${move.servesJobId}/${move.labwareId}`) ?? 0) + 1;
    const stepKey = `${job.slug}/${job.stepKey}/${move.purpose}/${move.barcode}.${number}`;
    const spec = specOf(move, codeOf(move.fromPlaceId), codeOf(move.toPlaceId));
    const queued = { stepKey, spec, needs: [], priority: job.priority, tellsSuccess: false };
    return { ...jobArgument(queued, [], systemJobId(job.tenantId, stepKey)), servesJobId: move.servesJobId };
  });
  const tenantId = jobs[0]?.tenantId;
  const block = { tenantId, siteId, campaignId: null, round: null, stage: null, blockKey: null, handledEventIds: [] };
  await client.query('select count(*) from enqueue_block($1::jsonb)', [JSON.stringify({ ...block, jobs: wanted })]);
}

async function countPast(client: PoolClient, moves: readonly SupplyMove[]): Promise<Map<string, number>> {
  const { rows } = await client.query<{ key: string; count: number }>(
    `select j.serves_job_id || '/' || jl.labware_id as key, count(*)::int as count
     from job j join job_labware jl on jl.job_id = j.id where j.serves_job_id = any($1::uuid[]) group by 1`,
    [moves.map((move) => move.servesJobId)],
  );
  return new Map(rows.map((row) => [row.key, row.count]));
}

function specOf({ purpose, labwareId, barcode, kind }: SupplyMove, from: string, to: string): JobSpec {
  const { tipUl } = findLabwareKind(kind);
  const what = tipUl === undefined ? `${kind} ${barcode}` : `box p${tipUl} ${barcode}`;
  return {
    version: 1,
    operation: 'fetch',
    capability: 'move-labware',
    parameters: { place: to, from, barcode },
    labware: [{ role: 'plate', labwareId, barcode, kind, at: 'anywhere' }],
    durationMs: moveMs,
    repeatableWithinMs,
    attended: true,
    effects: [{ role: 'plate', toPlace: to }],
    products: [],
    summary: purpose === 'check' ? `check: scan ${what} on ${to}` : `${purpose}: ${what} from ${from} to ${to}`,
  };
}
