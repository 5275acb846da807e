import type { Patch } from './bundle';

const lease = 'db/functions/03-lease.sql';
const settle = 'db/functions/06-settle.sql';

/** The second statement that tells the workflow, after the first has committed. */
const toldAfterwards = `
    if (answer.status === 'settled' && !answer['late'] && !answer['again']) {
      await pool.query(
        'select tell_workflow(j, d.id, d.attempt, d.state, null) from dispatch d join job j on j.id = d.job_id where d.id = $1',
        [values[1]],
      );
    }
    return { state: answer.state`;

/** Triggers again what the journal says was started. */
const triggeredAgain = `: this.parts.adapter
      .start(entry.id, { labNow: entry.job.labNow, untilLabTime: entry.job.labNow, fencingToken: entry.token })
      .then(() => this.watch(entry), () => this.findOut(entry));`;

/** Mutants of the sources by name, each of which the schedules must show. */
export const mutants: Readonly<Record<string, readonly Patch[]>> = {
  /** The api does not look at fencing tokens. */
  fencing: [
    {
      file: lease,
      find: / and d\.fencing_token = p_token and d\.state = 'leased'/,
      replace: " and d.state = 'leased'",
    },
    { file: settle, find: /v_dispatch\.fencing_token is distinct from p_token\s+or /, replace: '' },
    {
      file: 'db/device-work/heartbeat.ts',
      find: /and ([dx])\.fencing_token = \$3/g,
      replace: 'and $$3::text is not null',
    },
  ],
  /** A start is accepted although another one was. */
  cas: [{ file: lease, find: /d\.fencing_token = p_token and d\.state = 'leased'/, replace: "d.fencing_token = p_token and d.state in ('leased', 'started')" }], // prettier-ignore
  /** What the journal says is written is not on the disk. */
  fsync: [{ file: 'apps/agent/journal.ts', find: /await (this\.)?parts\.files\.sync\(name\);/g, replace: ';' }],
  /** An outcome of a dispatch that is settled settles it once more. */
  'settled-dedupe': [
    {
      file: settle,
      find: /if v_dispatch\.state in \('succeeded', 'failed'\) then\s+return keep_late_outcome\([^;]*;\s+end if;/,
      replace: '',
    },
  ],
  /** The message to the workflow is not part of the transaction that settles. */
  'outbox-tx': [
    {
      file: settle,
      find: /perform tell_workflow\(p_job, p_dispatch, v_dispatch\.attempt, p_state, p_problem\);/,
      replace: '',
    },
    {
      file: settle,
      find: /(if p_dispatch\.outcome = p_outcome then return jsonb_build_object\()'status'/,
      replace: "$1'again', true, 'status'",
    },
    { file: 'db/device-work/settle.ts', find: /return \{ state: answer\.state/, replace: toldAfterwards.trimStart() },
  ],
  /** After a crash the agent does again what its journal says it started. */
  'journal-repeat': [
    { file: 'apps/agent/dispatch-work.ts', find: /: this\.findOut\(entry\);/, replace: triggeredAgain },
  ],
  /** A block is queued without holding the jobs it needs still. */
  'release-snapshot': [
    { file: 'db/functions/02-queue.sql', find: /perform 1 from job where id in \([^;]*for share;/, replace: '' },
  ],
};
