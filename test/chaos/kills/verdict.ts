import { createHash } from 'node:crypto';
import type { FileRef, Outcome } from '../../../libs/device/job';
import type { RunRecord } from './instrument-log';
import type { KillLab } from './lab';
import type { Work } from './work';

/** One thing that is not as promised. */
export interface Finding {
  readonly kind: 'doubled' | 'lost' | 'unsettled' | 'ledgerMismatches';
  readonly what: string;
}

/** What PostgreSQL holds of one dispatch. */
interface Held {
  readonly id: string;
  readonly jobId: string;
  readonly stepKey: string;
  readonly attempt: number;
  readonly state: string;
  readonly tells: boolean;
  readonly repeatable: boolean;
  readonly outcome: Outcome | null;
  readonly lateOutcome: Outcome | null;
  readonly byPerson: boolean;
  readonly wasUnknown: boolean;
  readonly wasStarted: boolean;
  /** `state` of every message about it. */
  readonly told: readonly string[];
  readonly transfers: readonly { ordinal: number; volumePl: number; lowPl: number | null; highPl: number | null }[];
}

/** Findings of one schedule, and how many of its dispatches started and fell silent. */
export interface Verdict {
  readonly findings: readonly Finding[];
  readonly started: number;
  readonly unknown: number;
}

/** Holds the instruments' log against PostgreSQL. */
export async function judge(lab: KillLab, work: Work, records: ReadonlyMap<string, RunRecord>): Promise<Verdict> {
  const held = await lab.insist(async (pool) => (await pool.query<Held>(heldQuery, [work.campaignId])).rows);
  const findings: Finding[] = [];
  for (const one of held) {
    const record = records.get(one.id);
    findings.push(...doubled(one, record), ...ledger(one, record), ...messages(one));
    findings.push(...(await results(lab, one, record)));
  }
  findings.push(...repeatedMotions(held, records), ...(await stuckLabware(lab, work)));
  return {
    findings,
    started: held.filter(({ wasStarted }) => wasStarted).length,
    unknown: held.filter(({ wasUnknown }) => wasUnknown).length,
  };
}

const heldQuery = `
  select d.id, d.job_id as "jobId", j.step_key as "stepKey", d.attempt, d.state, j.tells_success as tells, d.outcome,
    d.late_outcome as "lateOutcome", coalesce(d.resolution ? 'verdict', false) as "byPerson",
    j.spec ? 'repeatableWithinMs' as repeatable, d.started_at is not null as "wasStarted",
    exists (select 1 from event e where e.stream = 'job/' || d.job_id and e.kind = 'jobBecameUnknown'
      and e.payload ->> 'dispatchId' = d.id::text) as "wasUnknown",
    array(select o.payload ->> 'state' from outbox o where o.campaign_id = $1 and o.payload ->> 'jobId' = d.job_id::text
      and (o.payload ->> 'attempt')::int = d.attempt) as told,
    coalesce((select jsonb_agg(jsonb_build_object('ordinal', t.ordinal, 'volumePl', t.volume_pl, 'lowPl', l.low, 'highPl', l.high)
        order by t.ordinal)
      from planned_transfer t left join lateral (
        select sum(low_pl) as low, sum(high_pl) as high from ledger where dispatch_id = t.dispatch_id and ordinal = t.ordinal) l on true
      where t.dispatch_id = d.id), '[]') as transfers
  from dispatch d join job j on j.id = d.job_id where j.campaign_id = $1 order by j.step_key, d.attempt`;

function doubled(one: Held, record: RunRecord | undefined): Finding[] {
  const triggers = record?.triggers ?? 0;
  return triggers > 1 ? [{ kind: 'doubled', what: `${nameOf(one)} was triggered ${triggers} times` }] : [];
}

/** Motions of one job that happened more often than once over all its dispatches; what may be repeated is let pass. */
function repeatedMotions(held: readonly Held[], records: ReadonlyMap<string, RunRecord>): Finding[] {
  const counts = new Map<string, number>();
  for (const { id, stepKey, repeatable } of held)
    for (const { what } of repeatable ? [] : (records.get(id)?.motions ?? []))
      counts.set(`${stepKey} ${what}`, (counts.get(`${stepKey} ${what}`) ?? 0) + 1);
  return [...counts].flatMap(([what, count]) =>
    count > 1 ? [{ kind: 'doubled' as const, what: `${what} happened ${count} times` }] : [],
  );
}

/** What really moved lies between what the ledger says at least and at most. */
function ledger(one: Held, record: RunRecord | undefined): Finding[] {
  return one.transfers.flatMap(({ ordinal, lowPl, highPl }) => {
    const motions = (record?.motions ?? []).filter((moved) => moved.ordinal === ordinal);
    const truth = motions.reduce((sum, { volumePl }) => sum + volumePl, 0);
    const [low, high] = [lowPl ?? 0, highPl ?? 0];
    if (truth >= low && truth <= high) return [];
    const what = `${nameOf(one)} transfer ${ordinal}: moved ${truth} pL, the ledger says ${low} to ${high}`;
    return [{ kind: 'ledgerMismatches' as const, what }];
  });
}

/** Its workflow hears that it is unknown, that it failed and, when it wants to, that it succeeded; each once. */
function messages(one: Held): Finding[] {
  const expected = [
    ...(one.wasUnknown ? ['unknown'] : []),
    ...(one.state === 'failed' ? ['failed'] : []),
    ...(one.state === 'succeeded' && one.tells ? ['succeeded'] : []),
  ];
  return expected.flatMap((state) => {
    const count = one.told.filter((told) => told === state).length;
    if (count === 1) return [];
    return [{ kind: 'lost' as const, what: `${nameOf(one)}: ${count} messages say ${state}` }];
  });
}

/** What the instrument finished stands in PostgreSQL, word for word, its files byte for byte. */
async function results(lab: KillLab, one: Held, record: RunRecord | undefined): Promise<Finding[]> {
  const lost = (what: string): Finding => ({ kind: 'lost', what: `${nameOf(one)}: ${what}` });
  const { outcome } = record ?? {};
  if (one.state === 'succeeded' && !record?.trigger && one.transfers.length > 0)
    return [lost('succeeded, but was never triggered')];
  if (!outcome || record?.forgot) return [];
  const there = [one.outcome, one.lateOutcome].some((known) => known && canonical(known) === canonical(outcome));
  if (!there) return [lost(`its outcome (${outcome.result}) is missing`)];
  const missing: Finding[] = [];
  for (const file of outcome.files) {
    const found = await storedSha256(lab, file);
    if (found !== file.sha256) missing.push(lost(`its file ${file.sha256} is stored as ${found ?? 'nothing'}`));
  }
  return missing;
}

async function storedSha256(lab: KillLab, { sha256 }: FileRef): Promise<string | undefined> {
  const { rows } = await lab.insist((pool) =>
    pool.query<{ content: Buffer | null }>(
      `select c.content from file f left join file_chunk c on c.tenant_id = f.tenant_id and c.sha256 = f.sha256
       where f.sha256 = decode($1, 'hex') order by c.index`,
      [sha256],
    ),
  );
  if (rows.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const { content } of rows) hash.update(content ?? Buffer.alloc(0));
  return hash.digest('hex');
}

/** Nothing stays taken or held when everything is over. */
async function stuckLabware(lab: KillLab, work: Work): Promise<Finding[]> {
  const { rows } = await lab.insist((pool) =>
    pool.query<{ barcode: string }>(
      `select distinct w.barcode from labware w join job_labware jl on jl.labware_id = w.id join job j on j.id = jl.job_id
       where j.campaign_id = $1 and (w.in_use_by is not null or w.held)`,
      [work.campaignId],
    ),
  );
  return rows.map(({ barcode }) => ({ kind: 'unsettled', what: `labware ${barcode} is still taken or held` }));
}

const nameOf = ({ stepKey, attempt, id }: Held): string => `${stepKey} attempt ${attempt} (${id})`;

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
