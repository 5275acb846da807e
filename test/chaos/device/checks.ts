import { createHash } from 'node:crypto';
import { sweepStrays } from '../../../db/device-work/sweep';
import type { Outcome } from '../../../libs/device/job';
import type { Instrument, Motion } from './instrument';
import type { LaneLab } from './lane-lab';
import type { Machine } from './machine';
import type { Person } from './person';
import type { Scenario } from './scenario';
import type { Workflow } from './workflow';
import type { World } from './world';

/** A schedule that has come to rest, as it is looked at afterwards. */
export interface Played {
  readonly lab: LaneLab;
  readonly campaignId: string;
  readonly scenario: Scenario;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly machines: readonly Machine[];
  readonly workflow: Workflow;
  readonly person: Person;
  readonly world: World;
}

/** What a schedule did wrong, in numbers, and in words. */
export interface Findings {
  readonly doubled: number;
  readonly lost: number;
  readonly unsettled: number;
  readonly unknownAvoidable: number;
  readonly ledgerMismatches: number;
  readonly unknowns: number;
  readonly dispatches: number;
  readonly notes: readonly string[];
}

interface DispatchRow {
  readonly id: string;
  readonly jobId: string;
  readonly stepKey: string;
  readonly attempt: number;
  readonly state: string;
  readonly repeatable: boolean;
  readonly tells: boolean;
  /** A job of the campaign; else the system's own. */
  readonly campaign: boolean;
  readonly outcome: Outcome | null;
  readonly lateOutcome: Outcome | null;
  readonly resolution: { readonly reason?: string } | null;
  readonly wasUnknown: boolean;
}

/** The facts of a finished schedule: what the database says, and what the instruments recorded. */
class Facts {
  readonly notes: string[] = [];

  constructor(
    readonly schedule: Played,
    readonly dispatches: readonly DispatchRow[],
    readonly motions: readonly Motion[],
  ) {}

  static async of(schedule: Played): Promise<Facts> {
    const { rows } = await schedule.lab.watcher.query<DispatchRow>({
      name: 'all-dispatches',
      text: `select d.id, d.job_id as "jobId", j.step_key as "stepKey", d.attempt, d.state, j.spec ? 'repeatableWithinMs' as repeatable,
          j.tells_success as tells, j.campaign_id is not null as campaign, d.outcome, d.late_outcome as "lateOutcome", d.resolution,
          exists (select 1 from event e where e.tenant_id = d.tenant_id and e.stream = 'job/' || d.job_id
            and e.kind = 'jobBecameUnknown' and e.payload ->> 'dispatchId' = d.id::text) as "wasUnknown"
        from dispatch d join job j on j.id = d.job_id
        where j.campaign_id = $1 or (j.campaign_id is null and d.queued_at > $2::timestamptz) order by j.step_key, d.attempt`,
      values: [schedule.campaignId, schedule.lab.beganAt],
    });
    return new Facts(
      schedule,
      rows,
      [...schedule.instruments.values()].flatMap(({ record }) => record),
    );
  }

  /** Counts what is wrong and says it. */
  count(what: string, wrong: readonly string[]): number {
    this.notes.push(...wrong.map((text) => `${what}: ${text}`));
    return wrong.length;
  }

  name(dispatchId: string): string {
    const found = this.dispatches.find(({ id }) => id === dispatchId);
    return found ? `${found.stepKey}/${found.attempt}` : dispatchId;
  }
}

/** Compares what the instruments did with what the database, the agents and the workflow know of it. */
export async function checkAll(schedule: Played): Promise<Findings> {
  const facts = await Facts.of(schedule);
  const lost = [...lostOutcomes(facts), ...(await lostFiles(facts)), ...lostMessages(facts), ...(await strays(facts))];
  return {
    doubled: facts.count('doubled', doubled(facts)),
    lost: facts.count('lost', lost),
    unsettled: facts.count('unsettled', unsettled(facts)),
    unknownAvoidable: facts.count('avoidable', schedule.person.avoidable.map(({ dispatchId, knew }) => `${facts.name(dispatchId)}: the instrument said ${knew}`)), // prettier-ignore
    ledgerMismatches: facts.count('ledger', [...(await ledgerMismatches(facts)), ...(await reservations(facts))]),
    unknowns: facts.dispatches.filter(({ wasUnknown }) => wasUnknown).length,
    dispatches: facts.dispatches.length,
    notes: facts.notes,
  };
}

/** A dispatch triggered more than once; a motion of a job that must not be repeated done more than once. */
function doubled({ dispatches, motions, name }: Facts): string[] {
  const triggers = countBy(motions.filter(({ kind }) => kind === 'trigger').map(({ dispatchId }) => dispatchId));
  const once = new Set(dispatches.filter(({ repeatable }) => !repeatable).map(({ jobId }) => jobId));
  const moves = countBy(motions.flatMap((motion) => (motion.kind === 'transfer' && once.has(motion.jobId) ? `${motion.jobId} ${motion.ordinal}` : []))); // prettier-ignore
  const stepOf = (key: string): string => dispatches.find(({ jobId }) => jobId === key.split(' ')[0])?.stepKey ?? key;
  return [
    ...[...triggers]
      .filter(([, count]) => count > 1)
      .map(([id, count]) => `${name.call({ dispatches }, id)} triggered ${count} times`),
    ...[...moves].filter(([, count]) => count > 1).map(([key, count]) => `${stepOf(key)} transfer ${key.split(' ')[1]} done ${count} times`), // prettier-ignore
  ];
}

/** A run the instrument ended and remembers, or an outcome the api took, that the database has not. */
function lostOutcomes(facts: Facts): string[] {
  const { schedule, dispatches } = facts;
  const wrong: string[] = [];
  for (const { id, outcome, lateOutcome, resolution } of dispatches) {
    for (const [at, taken] of schedule.world.taken(id).entries()) {
      if (!same(taken, outcome) && !same(taken, lateOutcome))
        wrong.push(`${facts.name(id)}: outcome ${at + 1} that the api took is not there`);
    }
    const seen = [...schedule.instruments.values()]
      .map((instrument) => instrument.recall(id))
      .find(({ state }) => state === 'done');
    if (seen?.state !== 'done' || resolution !== null) continue;
    if (!same(seen.outcome, outcome) && !same(seen.outcome, lateOutcome))
      wrong.push(`${facts.name(id)}: the outcome of the instrument is not there`);
  }
  return wrong;
}

async function lostFiles({ schedule, dispatches, name }: Facts): Promise<string[]> {
  const wrong: string[] = [];
  for (const { id, outcome } of dispatches) {
    for (const { sha256, bytes } of outcome?.files ?? []) {
      const { rows } = await schedule.lab.watcher.query<{ content: Buffer | null }>({
        name: 'file-of-dispatch',
        text: `select string_agg(c.content, ''::bytea order by c.index) as content
          from dispatch_file f join file_chunk c on c.tenant_id = f.tenant_id and c.sha256 = f.sha256
          where f.dispatch_id = $1 and f.sha256 = decode($2, 'hex')`,
        values: [id, sha256],
      });
      const content = rows[0]?.content;
      const right = content?.length === bytes && createHash('sha256').update(content).digest('hex') === sha256;
      if (!right) wrong.push(`${name.call({ dispatches }, id)}: file ${sha256.slice(0, 6)} is not there as it was`);
    }
  }
  return wrong;
}

/** A settled or unknown dispatch the workflow was to hear of and did not. */
function lostMessages({ schedule, dispatches }: Facts): string[] {
  return dispatches.flatMap(({ stepKey, attempt, state, tells, resolution, campaign }) => {
    if (!campaign) return [];
    const due = state === 'failed' || (state === 'succeeded' && tells);
    // Who dispatches again what may be repeated needs no message about the attempt before.
    const own = /dispatched again/.test(resolution?.reason ?? '');
    return due && !own && !schedule.workflow.heard.has(`${stepKey}/${attempt}/${state}`)
      ? `${stepKey}/${attempt} ${state} was never told`
      : [];
  });
}

async function strays({ schedule }: Facts): Promise<string[]> {
  const { rows } = await schedule.lab.watcher.query<{ stepKey: string }>({
    name: 'strays',
    text: `select j.step_key as "stepKey" from dispatch d join job j on j.id = d.job_id
      where d.state = 'blocked' and j.campaign_id = $1 and needs_met(j.id)`,
    values: [schedule.campaignId],
  });
  if (rows.length > 0) await sweepStrays(schedule.lab.quietPool);
  return rows.map(({ stepKey }) => `${stepKey} was never released`);
}

function unsettled({ schedule, dispatches }: Facts): string[] {
  const jobs = schedule.scenario.blocks.flat().map(({ job }) => job.stepKey);
  const open = jobs.flatMap((stepKey) => {
    const latest = dispatches.filter((dispatch) => dispatch.stepKey === stepKey).at(-1);
    return latest?.state === 'succeeded'
      ? []
      : `${stepKey} is ${latest?.state ?? 'not queued'} after ${latest?.attempt ?? 0} attempts`;
  });
  const owing = schedule.machines.flatMap((machine) =>
    machine.scrapped || machine.owes === 0 ? [] : `${machine.name} owes ${machine.owes ?? 'itself'}`,
  );
  const lasting = dispatches.filter(({ state }) => ['leased', 'started', 'unknown'].includes(state));
  return [...open, ...owing, ...lasting.map(({ stepKey, attempt, state }) => `${stepKey}/${attempt} is ${state}`)];
}

/** Transfers whose true volume is not between what the ledger says. */
async function ledgerMismatches({ schedule, dispatches, motions, name }: Facts): Promise<string[]> {
  const { rows } = await schedule.lab.watcher.query<{ id: string; ordinal: number; low: string; high: string }>({
    name: 'ledger-of-campaign',
    text: `select l.dispatch_id as id, l.ordinal, l.low_pl as low, l.high_pl as high
      from ledger l join dispatch d on d.id = l.dispatch_id join job j on j.id = d.job_id where j.campaign_id = $1`,
    values: [schedule.campaignId],
  });
  const truth = new Map<string, number>();
  for (const motion of motions) {
    if (motion.kind !== 'transfer' || motion.volumePl === 0) continue;
    const key = `${motion.dispatchId} ${motion.ordinal}`;
    truth.set(key, (truth.get(key) ?? 0) + motion.volumePl);
  }
  const posted = new Map(
    rows.map(({ id, ordinal, low, high }) => [`${id} ${ordinal}`, [Number(low), Number(high)] as const]),
  );
  return [...new Set([...truth.keys(), ...posted.keys()])].sort().flatMap((key) => {
    const [low, high] = posted.get(key) ?? [0, 0];
    const moved = truth.get(key) ?? 0;
    const [id, ordinal] = key.split(' ') as [string, string];
    return moved >= low && moved <= high
      ? []
      : `${name.call({ dispatches }, id)} transfer ${ordinal} moved ${moved} pL, ledger ${low} to ${high}`;
  });
}

async function reservations({ schedule }: Facts): Promise<string[]> {
  const ids = schedule.scenario.sources.map(({ barcode }) => schedule.lab.scene.labware(barcode));
  const { rows } = await schedule.lab.watcher.query<{ well: string; reserved: string }>({
    name: 'reserved',
    text: 'select well, reserved_pl as reserved from well_volumes($1::uuid[]) where reserved_pl > 0',
    values: [ids],
  });
  return rows.map(({ well, reserved }) => `${reserved} pL of ${well} are still reserved`);
}

/** Content, whatever the order of its members. */
const same = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    member && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
