import type { Pool, PoolClient } from 'pg';
import { capabilities } from '../../libs/device/job';
import type { Capability, JobSpec } from '../../libs/device/job';
import { systemJobId } from '../ids';
import { inTransaction } from '../transaction';
import { jobArgument } from './enqueue';
import { mostMoveAttempts, planLogistics } from './logistics-plan';
import type { Lab, Move, Place, PlannedMove, WaitingJob, WorkingDevice } from './logistics-plan';
import { inTurn } from './queue-order';
import type { QueuePlace } from './queue-order';
import { redispatchWithin } from './redispatch';
import { arrangeSupply } from './supply';
import { withdrawJobs } from './withdraw';

/** Expected duration of one move in lab time (ms), and how long it may be repeated. */
const moveMs = 120_000;
const repeatableWithinMs = 3_600_000;
/** A device that has not asked for work for so long gets none planned: three of its longest polls. */
const silentMs = 75_000;
/** Wall time after which a move that fell silent is made again. */
const evidenceMs = 10_000;
/** How far logistics looks ahead for each capability: jobs that need labware on a device, and others. */
const decksAhead = 200;
const othersAhead = 100;
/** How many jobs it compares with opening hours; those behind are compared when a device asks for them. */
const hoursAhead = 100;
/** A dispatch that is in line: its turn can come. */
const inLine = `d.state = 'queued' and not d.parked and not d.timed and not exists (
  select 1 from job_labware l join labware w on w.id = l.labware_id
  where l.job_id = d.job_id and (w.held or w.discarded or w.ready_at > lab.now))`;

/**
 * Brings labware to the jobs that wait for it: routes jobs to devices, queues moves, says why each job waits.
 * One process at a time does it for a site; others skip.
 * @returns whether anything but a reason changed
 */
export async function arrangeIfFree(pool: Pool, siteId: string): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ free: boolean }>(
      `select pg_try_advisory_xact_lock(hashtextextended('logistics/' || $1, 0)) as free`,
      [siteId],
    );
    return rows[0]?.free ? arrangeLocked(client, siteId) : false;
  });
}

/** The same inside the caller's transaction, after waiting for its turn. */
export async function arrange(client: PoolClient, siteId: string): Promise<boolean> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended('logistics/' || $1, 0))`, [siteId]);
  return arrangeLocked(client, siteId);
}

interface JobRow extends WaitingJob, QueuePlace {
  readonly capability: Capability;
  readonly tenantId: string;
  readonly slug: string;
  readonly priority: number;
  readonly waitingFor: string | null;
}

async function arrangeLocked(client: PoolClient, siteId: string): Promise<boolean> {
  const jobs = await withinHours(client, siteId, await readJobs(client, siteId));
  if (jobs.length === 0) return false;
  const bringing = jobs.some((job) => job.isMove || job.labware.some(({ at }) => at === 'device'));
  const lab: Lab = {
    jobs,
    devices: await readDevices(client, siteId),
    places: bringing ? await readPlaces(client, siteId) : [],
    moves: bringing ? await readMoves(client, siteId, jobs) : [],
  };
  const plan = planLogistics(lab);
  await writeRoutes(client, plan.routes);
  await writeReasons(client, jobs, plan.waiting);
  await withdrawJobs(
    client,
    plan.obsolete.map((move) => move.jobId),
    { reason: 'its job goes to another device' },
  );
  for (const { jobId: job, attempt } of plan.retries) {
    await redispatchWithin(client, { jobId: job, attempt: attempt + 1, handledEventIds: [] });
  }
  await askPerson(client, plan.givenUp);
  await queueMoves(client, siteId, lab, await servedJobs(client, jobs, plan.moves), plan.moves);
  const supplied = await arrangeSupply(client, siteId);
  return (
    supplied || [plan.routes, plan.obsolete, plan.retries, plan.givenUp, plan.moves].some((list) => list.length > 0)
  );
}

/**
 * The jobs next in turn: logistics looks so far ahead and no further, however long the queue is. Jobs that are put off,
 * whose campaign does not run or whose labware is held are not among them; people see why from the job itself.
 */
async function readJobs(client: PoolClient, siteId: string): Promise<JobRow[]> {
  const { rows } = await client.query<JobRow>({
    name: 'logistics-jobs',
    text: `with lab as materialized (select lab_now($1) as now), horizon as materialized (
        select distinct n.id from lab cross join unnest($2::text[]) able (capability) cross join lateral (
          (select d.id from dispatch d where d.site_id = $1 and d.capability = able.capability and d.deck = true
             and ${inLine} order by d.rank, d.fair_tag, d.id limit $3)
          union all
          (select d.id from dispatch d where d.site_id = $1 and d.capability = able.capability and d.deck = true
             and ${inLine} and d.urgent_at <= lab.now order by d.urgent_at, d.id limit $3)
          union all
          (select d.id from dispatch d where d.site_id = $1 and d.capability = able.capability and d.deck = false
             and ${inLine} order by d.rank, d.fair_tag, d.id limit $4)) n)
      select j.id as "jobId", d.id as "dispatchId", j.tenant_id as "tenantId", j.step_key as "stepKey",
        coalesce(c.slug, 'system') as slug, j.capability, j.priority, j.routed_device_id as "routedDeviceId",
        j.route_pinned as pinned, j.waiting_for as "waitingFor", j.serves_job_id is not null as "isMove",
        case when d.urgent_at <= lab.now then iso_time(d.urgent_at) end as "urgentAt", d.rank,
        coalesce(d.fair_tag, 0) as "fairTag", iso_time(d.queued_at) as "queuedAt",
        coalesce((select json_agg(json_build_object('labwareId', w.id, 'barcode', w.barcode, 'kind', w.kind, 'at', jl.at,
            'placeId', w.place_id,
            'usedBy', (select u.step_key from dispatch x join job u on u.id = x.job_id where x.id = w.in_use_by)) order by w.barcode)
          from job_labware jl join labware w on w.id = jl.labware_id where jl.job_id = j.id), '[]') as labware
      from lab, horizon h join dispatch d on d.id = h.id join job j on j.id = d.job_id
      left join campaign c on c.id = j.campaign_id`,
    values: [siteId, capabilities, decksAhead, othersAhead],
  });
  return inTurn(rows);
}

/** Puts off what opening hours forbid to start; a site without hours is not asked. @returns the other jobs */
async function withinHours(client: PoolClient, siteId: string, jobs: readonly JobRow[]): Promise<readonly JobRow[]> {
  const { rows } = await client.query<{ job_id: string }>({
    name: 'logistics-hours',
    // Locked first, judged after: a row that its own statement has changed would be passed over by the lock.
    text: `with due as materialized (
        select x.id from dispatch x where exists (select 1 from opening_hours where site_id = $1)
          and x.id = any ($2::uuid[]) and x.state = 'queued' order by x.id for update skip locked
      ), judged as materialized (
        select d.job_id, hours_defer(d, lab_now($1)) as put_off from due join dispatch d on d.id = due.id)
      select job_id from judged where put_off`,
    values: [siteId, jobs.map(({ dispatchId }) => dispatchId).slice(0, hoursAhead)],
  });
  const deferred = new Set(rows.map((row) => row.job_id));
  return deferred.size === 0 ? jobs : jobs.filter(({ jobId: job }) => !deferred.has(job));
}

async function readDevices(client: PoolClient, siteId: string): Promise<WorkingDevice[]> {
  const { rows } = await client.query<WorkingDevice>({
    name: 'logistics-devices',
    text: `select id, code, capabilities, place_id as "placeId", busy,
        refusal is null and (busy or coalesce(last_seen_at > now() - $2::int * interval '1 millisecond', true)) as "inService",
        refusal
      from device v cross join lateral (select device_refusal(v, lab_now(v.site_id)) as refusal) r cross join lateral (
        select exists (select 1 from dispatch d where d.device_id = v.id and d.state in ('leased', 'started')) as busy) b
      where site_id = $1 order by code`,
    values: [siteId, silentMs],
  });
  return rows;
}

async function readPlaces(client: PoolClient, siteId: string): Promise<Place[]> {
  const { rows } = await client.query<Place>({
    name: 'logistics-places',
    text: `with wanted as materialized (
        select distinct jl.labware_id from dispatch d join job_labware jl on jl.job_id = d.job_id
        where d.site_id = $1 and d.state in ('blocked', 'queued'))
      -- Boxes of tips have positions of their own on a deck; supply sees to them.
      select p.id, p.code, p.kind, p.capacity - tip_room(p) as capacity, coalesce(l.occupied, 0)::int as occupied,
        coalesce(l.occupants, '[]') as occupants
      from place p
      left join lateral (
        select count(*) as occupied, json_agg(json_build_object('labwareId', w.id, 'barcode', w.barcode, 'kind', w.kind,
          'homePlaceId', w.home_place_id, 'fixed', w.held or w.in_use_by is not null, 'wanted', needed.yes,
          -- Only frozen stock that nobody needs goes back by itself: looked up for that alone, a stock's history is long.
          'lastJobId', case when home.kind = 'freezer' and not needed.yes then (
            select jl.job_id from job_labware jl join job u on u.id = jl.job_id
            where jl.labware_id = w.id and u.serves_job_id is null order by u.created_at desc, u.id limit 1) end
          ) order by w.barcode) filter (where p.kind = 'deck') as occupants
        from labware w left join place home on home.id = w.home_place_id
        cross join lateral (select exists (select 1 from wanted where wanted.labware_id = w.id) as yes) needed
        where w.place_id = p.id and not w.discarded and w.kind not like 'tips-%') l on p.kind <> 'consumables'
      where p.site_id = $1 order by p.code`,
    values: [siteId],
  });
  return rows;
}

async function readMoves(client: PoolClient, siteId: string, jobs: readonly JobRow[]): Promise<Move[]> {
  const { rows } = await client.query<Move>({
    name: 'logistics-moves',
    text: `select j.id as "jobId", j.step_key as "stepKey", jl.labware_id as "labwareId", p.id as "toPlaceId",
        j.serves_job_id as "servesJobId", d.attempt, d.state,
        d.state = 'unknown' and d.lease_expires_at < now() - $3::int * interval '1 millisecond' as "withoutEvidence",
        exists (select 1 from incident i where i.dispatch_id = d.id and i.kind = 'move-failed') as "incidentKnown",
        exists (select 1 from incident i where i.dispatch_id = d.id and i.kind = 'move-failed' and i.resolved_at is null)
          as "incidentOpen"
      from job j
      join job_labware jl on jl.job_id = j.id
      join place p on p.site_id = j.site_id and p.code = j.spec -> 'parameters' ->> 'place'
      cross join lateral (select * from dispatch x where x.job_id = j.id order by x.attempt desc limit 1) d
      where j.serves_job_id is not null and j.site_id = $1 and (
        j.serves_job_id = any ($2::uuid[])
        or j.id in (select o.job_id from dispatch o where o.site_id = $1 and o.state in ('queued', 'leased', 'started', 'unknown')))
      order by j.created_at desc, j.id`,
    values: [siteId, jobs.map((job) => job.jobId), evidenceMs],
  });
  return rows;
}

async function writeRoutes(client: PoolClient, routes: readonly { jobId: string; deviceId: string }[]): Promise<void> {
  if (routes.length === 0) return;
  await client.query(
    `with routed as (
       update job j set routed_device_id = r.device from unnest($1::uuid[], $2::uuid[]) r (job, device)
       where j.id = r.job and not j.route_pinned returning r.device)
     select pg_notify('job_ready', 'd:' || device) from (select distinct device from routed) d`,
    [routes.map((route) => route.jobId), routes.map((route) => route.deviceId)],
  );
}

async function writeReasons(
  client: PoolClient,
  jobs: readonly JobRow[],
  waiting: ReadonlyMap<string, string | null>,
): Promise<void> {
  const changed = jobs.filter((job) => job.waitingFor !== (waiting.get(job.jobId) ?? null));
  if (changed.length === 0) return;
  await client.query(
    `update job j set waiting_for = r.reason from unnest($1::uuid[], $2::text[]) r (job, reason) where j.id = r.job`,
    [changed.map((job) => job.jobId), changed.map((job) => waiting.get(job.jobId) ?? null)],
  );
}

async function askPerson(client: PoolClient, moves: readonly Move[]): Promise<void> {
  for (const move of moves) {
    await client.query(
      `select open_incident(j, d, 'move-failed', $2) from job j join dispatch d on d.job_id = j.id and d.attempt = $3
       where j.id = $1`,
      [
        move.jobId,
        `${move.stepKey} failed ${mostMoveAttempts} times: look where the labware is, then resolve this`,
        move.attempt,
      ],
    );
  }
}

type ServedJob = Pick<JobRow, 'tenantId' | 'slug' | 'stepKey' | 'priority'>;

/** Jobs the moves serve: waiting ones, and ended ones whose labware goes back. */
async function servedJobs(
  client: PoolClient,
  waiting: readonly JobRow[],
  moves: readonly PlannedMove[],
): Promise<Map<string, ServedJob>> {
  const served = new Map<string, ServedJob>(waiting.map((job) => [job.jobId, job]));
  const ended = moves.map((move) => move.servesJobId).filter((id) => !served.has(id));
  if (ended.length === 0) return served;
  const { rows } = await client.query<ServedJob & { readonly jobId: string }>(
    `select j.id as "jobId", j.tenant_id as "tenantId", coalesce(c.slug, 'system') as slug, j.step_key as "stepKey", j.priority
     from job j left join campaign c on c.id = j.campaign_id where j.id = any ($1::uuid[])`,
    [ended],
  );
  for (const row of rows) served.set(row.jobId, row);
  return served;
}

async function queueMoves(
  client: PoolClient,
  siteId: string,
  lab: Lab,
  served: ReadonlyMap<string, ServedJob>,
  moves: readonly PlannedMove[],
): Promise<void> {
  if (moves.length === 0) return;
  const past = await countPastMoves(client, moves);
  const codes = new Map(lab.places.map((place) => [place.id, place.code]));
  const wanted = moves.map((move) => {
    const job = served.get(move.servesJobId) as ServedJob;
    const number = (past.get(`${move.servesJobId}/${move.labwareId}`) ?? 0) + 1;
    const stepKey = `${job.slug}/${job.stepKey}/${move.purpose}/${move.barcode}.${number}`;
    const spec = moveSpec(move, codes.get(move.fromPlaceId) ?? '', codes.get(move.toPlaceId) ?? '');
    const queued = { stepKey, spec, needs: [], priority: job.priority, tellsSuccess: false };
    return { ...jobArgument(queued, [], systemJobId(job.tenantId, stepKey)), servesJobId: move.servesJobId };
  });
  const tenantId = [...served.values()][0]?.tenantId;
  const block = { tenantId, siteId, campaignId: null, round: null, stage: null, blockKey: null, handledEventIds: [] };
  await client.query('select count(*) from enqueue_block($1::jsonb)', [JSON.stringify({ ...block, jobs: wanted })]);
}

async function countPastMoves(client: PoolClient, moves: readonly PlannedMove[]): Promise<Map<string, number>> {
  const { rows } = await client.query<{ key: string; count: number }>(
    `select j.serves_job_id || '/' || jl.labware_id as key, count(*)::int as count
     from job j join job_labware jl on jl.job_id = j.id where j.serves_job_id = any($1::uuid[]) group by 1`,
    [moves.map((move) => move.servesJobId)],
  );
  return new Map(rows.map((row) => [row.key, row.count]));
}

function moveSpec(move: PlannedMove, from: string, to: string): JobSpec {
  const { labwareId, barcode, kind } = move;
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
    summary: `move ${kind} ${barcode} from ${from} to ${to}`,
  };
}
