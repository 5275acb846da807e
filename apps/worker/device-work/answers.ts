import type { Pool } from 'pg';
import { v5 } from 'uuid';
import { idNamespace } from '../../../db/ids';
import type { JobDecided } from '../../../workflows/device-work/device-work.messages';

/** How long an answer may have waited for a worker. */
const oldestAnswer = '30 days';

interface Answered {
  readonly id: string;
  readonly stepKey: string;
  readonly attempt: number;
  readonly resolution: string;
}

/**
 * What a person wants done who resolved the incident of a failed job: `accept` and `give up` are said in the first words,
 * anything else means that the cause is mended and the job is to be tried again.
 */
export function actionOf(resolution: string): JobDecided['action'] {
  if (/^\s*accept/i.test(resolution)) return 'accept';
  return /^\s*give[\s-]*up/i.test(resolution) ? 'give-up' : 'retry';
}

/** Sends the answers people gave about failed jobs to the stages that wait for them, each once. @returns how many */
export async function sendAnswers(pool: Pool): Promise<number> {
  const { rows } = await pool.query<Answered>(
    `select i.id, j.step_key as "stepKey", d.attempt, i.resolution
     from incident i join dispatch d on d.id = i.dispatch_id join job j on j.id = d.job_id
     join campaign c on c.id = j.campaign_id and c.status in ('running', 'paused')
     where i.kind = 'job-failed' and i.resolved_at > now() - $1::interval`,
    [oldestAnswer],
  );
  const known = await sentBefore(pool, rows.map(messageId));
  const fresh = rows.filter((answer) => !known.has(messageId(answer)));
  for (const answer of fresh) await send(pool, answer);
  return fresh.length;
}

/** Id of the message that carries an answer: the same incident never sends two. */
const messageId = ({ id }: Answered): string => v5(`answer:${id}`, idNamespace);

async function sentBefore(pool: Pool, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { rows } = await pool.query<{ id: string }>('select id from outbox where id = any($1::uuid[])', [ids]);
  return new Set(rows.map(({ id }) => id));
}

async function send(pool: Pool, answer: Answered): Promise<void> {
  const { id, stepKey, attempt, resolution } = answer;
  const eventId = messageId(answer);
  const decided: JobDecided = { eventId, stepKey, attempt, action: actionOf(resolution), reason: resolution };
  await pool.query(
    `with written as (
       insert into outbox (id, tenant_id, site_id, campaign_id, round, stage, kind, name, payload)
       select $1, j.tenant_id, j.site_id, j.campaign_id, j.round, j.stage, 'signal', 'jobDecided', $3::jsonb
       from incident i join dispatch d on d.id = i.dispatch_id join job j on j.id = d.job_id where i.id = $2
       on conflict (id) do nothing returning id)
     select pg_notify('outbox', '') from written`,
    [eventId, id, JSON.stringify(decided)],
  );
}
