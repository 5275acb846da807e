import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Redispatch } from '../../../db/device-work/redispatch';
import { redispatch } from '../../../db/device-work/redispatch';
import { withdraw } from '../../../db/device-work/withdraw';
import type { PlannedTransfer } from '../../../libs/device/job';
import { compressOrdinals } from '../../../libs/device/job';
import { isDomainError } from '../../../libs/errors/domain-error';
import type { RunRecord } from './instrument-log';
import { recordsOf } from './instrument-log';
import type { KillLab } from './lab';
import type { Work } from './work';

/** How long the instrument's own word is waited for once everything runs again, before a person is asked all the same, ms. */
const evidenceMs = 12_000;
/** How long a person waits where the instrument has forgotten, ms. */
const glanceMs = 300;
/** How long a device may take to test itself. */
const selfTestMs = 5_000;
const mostAttempts = 4;
const lookMs = 60;

interface Latest {
  readonly id: string;
  readonly jobId: string;
  readonly stepKey: string;
  readonly attempt: number;
  readonly state: string;
  readonly repeatable: boolean;
}

/** What the word of a person was needed for. */
export interface Answered {
  readonly dispatchId: string;
  /** The instrument knew, and could be reached. */
  readonly avoidable: boolean;
}

/**
 * What a workflow and a person do after the faults: failed jobs are dispatched again for what is left, what nobody else can tell a
 * person reads off the instrument's log and says, quarantined devices are released once nothing on them is open.
 */
export class Settling {
  readonly answered: Answered[] = [];
  private readonly unknownSince = new Map<string, number>();
  private readonly heldSince = new Map<string, number>();
  private gaveUp = false;

  constructor(
    private readonly lab: KillLab,
    private readonly work: Work,
    private readonly say: (line: string) => void,
  ) {}

  /** Goes on until every job of the campaign is over. @returns the dispatches that were not within `ms` */
  async until(ms: number): Promise<Latest[]> {
    const end = performance.now() + ms;
    for (;;) {
      const latest = await this.latest();
      const open = latest.filter(({ state }) => !['succeeded', 'failed', 'withdrawn'].includes(state));
      const left = await this.act(latest);
      if (open.length === 0 && !left) return [];
      if (performance.now() > end) return open;
      await pause(lookMs);
    }
  }

  /** @returns whether it began something new */
  private async act(latest: readonly Latest[]): Promise<boolean> {
    const records = recordsOf(this.lab.lines());
    let begun = false;
    for (const one of latest) {
      if (one.state === 'unknown') await this.attend(one, records.get(one.id));
      else if (one.state === 'failed') begun = (await this.again(one)) || begun;
    }
    await this.release();
    return begun;
  }

  private async attend(one: Latest, record: RunRecord | undefined): Promise<void> {
    const since = this.unknownSince.get(one.id) ?? performance.now();
    if (!this.unknownSince.has(one.id)) this.say(`${one.stepKey} is unknown (${one.id})`);
    this.unknownSince.set(one.id, since);
    const waited = performance.now() - since;
    const knows = !record?.forgot;
    if (waited < (knows ? evidenceMs : glanceMs)) return;
    if (!knows && one.repeatable && (await this.repeat(one))) return;
    const { status, body } = await this.lab.call('POST', `/v1/dispatches/${one.id}/resolution`, verdictOf(record));
    if (status === 200) {
      this.answered.push({ dispatchId: one.id, avoidable: knows });
      this.say(`a person answered for ${one.stepKey}`);
    }
    if (status === 200 && knows)
      this.say(`a person had to answer for ${one.stepKey} (${one.id}) although the instrument knew`);
    if (status !== 200 && status !== 0 && status < 500)
      this.say(`the answer for ${one.id} was refused: ${status} ${body}`);
  }

  /** A repeatable job nobody can tell of is dispatched again by its workflow. */
  private async repeat(one: Latest): Promise<boolean> {
    try {
      const wish = { jobId: one.jobId, attempt: one.attempt + 1, handledEventIds: [] };
      await this.lab.insist((pool) => redispatch(pool, wish));
      return true;
    } catch (error) {
      if (!isDomainError(error)) throw error;
      return false;
    }
  }

  /** Dispatches what is left of a failed job again; a campaign whose job failed too often is given up. */
  private async again(one: Latest): Promise<boolean> {
    if (this.gaveUp) return false;
    if (one.attempt >= mostAttempts) {
      const { campaignId } = this.work;
      await this.lab.insist((pool) => withdraw(pool, { campaignId, reason: 'a step failed too often' }));
      this.gaveUp = true;
      return true;
    }
    const left = await this.left(one);
    const worklist = left && (await this.work.worklist(left));
    const wish = {
      jobId: one.jobId,
      attempt: one.attempt + 1,
      handledEventIds: [],
      ...(worklist ? { worklist } : {}),
    };
    await this.lab.insist((pool) => redispatch(pool, wish).catch((error: unknown) => decide(error, pool, wish)));
    this.say(`${one.stepKey} failed; attempt ${wish.attempt}`);
    return true;
  }

  /** Transfers of an attempt that surely did not happen, numbered on; undefined for work without a worklist. */
  private async left(one: Latest): Promise<PlannedTransfer[] | undefined> {
    const rows = await this.lab.insist(async (pool) => {
      const found = await pool.query<PlannedTransfer & { touched: boolean; highest: number }>(
        `select t.ordinal, t.from_labware_id as "fromLabwareId", t.from_well as "fromWell", t.to_labware_id as "toLabwareId",
           t.to_well as "toWell", t.volume_pl::float8 as "volumePl",
           exists (select 1 from ledger l where l.dispatch_id = t.dispatch_id and l.ordinal = t.ordinal) as touched,
           (select max(x.ordinal) from planned_transfer x join dispatch d on d.id = x.dispatch_id where d.job_id = $2) as highest
         from planned_transfer t where t.dispatch_id = $1 order by t.ordinal`,
        [one.id, one.jobId],
      );
      return found.rows;
    });
    if (rows.length === 0) return undefined;
    return rows
      .filter(({ touched }) => !touched)
      .map(({ touched: _, highest, ...transfer }, index) => ({ ...transfer, ordinal: highest + 1 + index }));
  }

  /** Says that quarantined devices are clear, once nothing of theirs is open; one that tests itself is given time to do so. */
  private async release(): Promise<void> {
    const { rows } = await this.lab.insist((pool) =>
      pool.query<{ code: string; hold: string | null }>(
        `select v.code, to_jsonb(v) ->> 'hold' as hold from device v where v.state = 'quarantined' and not exists (
           select 1 from dispatch d where d.device_id = v.id and d.state in ('unknown', 'started', 'leased'))`,
      ),
    );
    for (const code of this.heldSince.keys()) if (!rows.some((row) => row.code === code)) this.heldSince.delete(code);
    for (const { code, hold } of rows) {
      const since = this.heldSince.get(code) ?? performance.now();
      this.heldSince.set(code, since);
      if (hold === 'after-self-test' && performance.now() - since < selfTestMs) continue;
      const state = { state: 'in-service', reason: 'cleared', cleared: ['deck', 'tips', 'door'] };
      const { status } = await this.lab.call('POST', `/v1/devices/${code}/state`, state);
      if (status === 200 || status === 204) this.say(`a person released ${code} (${hold ?? 'no policy'})`);
    }
  }

  private async latest(): Promise<Latest[]> {
    const { rows } = await this.lab.insist((pool) =>
      pool.query<Latest>(
        `select distinct on (d.job_id) d.id, d.job_id as "jobId", j.step_key as "stepKey", d.attempt, d.state,
           j.spec ? 'repeatableWithinMs' as repeatable
         from dispatch d join job j on j.id = d.job_id where j.campaign_id = $1 order by d.job_id, d.attempt desc`,
        [this.work.campaignId],
      ),
    );
    return rows;
  }
}

/** Where the system may not repeat by itself, a person says that it may. */
function decide(error: unknown, pool: Pool, wish: Redispatch): Promise<unknown> {
  if (!isDomainError(error)) throw error;
  return redispatch(pool, { ...wish, decided: true });
}

/** What the instrument's log shows of a dispatch, as a person says it. */
function verdictOf(record: RunRecord | undefined): Record<string, unknown> {
  const reason = "read off the instrument's log";
  const moved = (record?.motions ?? []).map(({ ordinal }) => ordinal);
  const planned = Math.max(1, record?.trigger?.rows.length ?? 0);
  if (moved.length === 0) return { verdict: 'did-not', reason };
  if (new Set(moved).size >= planned) return { verdict: 'happened', reason };
  return { verdict: 'partly', done: compressOrdinals(moved), uncertain: [], reason };
}
