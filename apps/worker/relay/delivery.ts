import {
  Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { SearchAttributePair } from '@temporalio/common';
import type { Pool } from 'pg';
import { markSent } from '../../../db/device-work/outbox';
import type { Message } from '../../../db/device-work/outbox';
import { campaignWorkflowType, decide } from '../../../workflows/campaign/campaign.messages';
import type { CampaignInput } from '../../../workflows/campaign/campaign.messages';
import { searchAttributes } from '../../../workflows/search-attributes.messages';
import type { CampaignRef } from '../../../workflows/stage.messages';
import { workflowIdAt } from './address';
import { decisionApplied, decisionRefused, loadDecision } from './decisions';

/** Names of signals by the names messages have in the outbox. */
const signalNames: Readonly<Record<string, string>> = {
  jobSettled: 'jobsSettled',
  jobDecided: 'jobsDecided',
  labTimerFired: 'timersDue',
};

/** An update whose answer does not come by then is sent again; its id keeps it from having two effects. */
const updateMs = 8_000;

const overStates = ['finished', 'aborted', 'failed'];

/** Hands messages to Temporal and marks them. Every message may come twice; receivers know them by their event id. */
export class Delivery {
  constructor(
    private readonly pool: Pool,
    private readonly client: Client,
    private readonly taskQueue: string,
  ) {}

  /** Delivers messages of one address, oldest first; signals of one name that follow one another go as one call. */
  async deliver(campaign: CampaignRef, messages: readonly Message[]): Promise<void> {
    for (const group of inCalls(messages)) {
      const [first] = group as [Message, ...Message[]];
      if (first.kind === 'signal') await this.signal(campaign, group);
      else if (first.kind === 'start') await this.start(campaign, first);
      else if (first.kind === 'update') await this.update(campaign, first);
      else await this.cancel(campaign, first);
    }
  }

  private async signal(campaign: CampaignRef, messages: readonly Message[]): Promise<void> {
    const [first] = messages as [Message, ...Message[]];
    const ids = messages.map(({ id }) => id);
    const list = messages.map(({ id, payload }) => ({ ...payload, eventId: id }));
    const handle = this.client.workflow.getHandle(workflowIdAt(campaign, first));
    const name = signalNames[first.name] ?? first.name;
    const there = await foundOrGone(handle.signal(name, list));
    // A stage that has ended waits for nothing: what it would have learned is read from the facts when it is run again.
    await markSent(this.pool, ids, { handled: !there });
  }

  private async start(campaign: CampaignRef, message: Message): Promise<void> {
    const epoch = Number(message.payload['epoch'] ?? 1);
    const input: CampaignInput = { ...campaign, epoch, unhandled: [message.id], handledDecisions: [] };
    const workflowId = workflowIdAt(campaign, { ...message, round: null, stage: null });
    try {
      await this.client.workflow.start(campaignWorkflowType, {
        workflowId,
        taskQueue: this.taskQueue,
        args: [input],
        workflowIdReusePolicy: epoch > 1 ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
        memo: { startedBy: message.id },
        typedSearchAttributes: attributesOf(campaign),
        staticSummary: `${campaign.slug}: ${campaign.title}`,
        staticDetails: `**${campaign.title}**\n\n- campaign \`${campaign.slug}\` of ${campaign.owner}\n- site ${campaign.site}`,
      });
      await markSent(this.pool, [message.id]);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const running = await this.client.workflow.getHandle(workflowId).describe();
      const mine = running.memo?.['startedBy'] === message.id && running.status.name === 'RUNNING';
      await markSent(this.pool, [message.id], { handled: !mine });
    }
  }

  private async update(campaign: CampaignRef, message: Message): Promise<void> {
    const decision = await loadDecision(this.pool, String(message.payload['decisionId']));
    if (!decision || decision.state !== 'pending')
      return markSent(this.pool, [message.id], { handled: decision?.state !== 'applied' });
    const handle = this.client.workflow.getHandle(workflowIdAt(campaign, message));
    const { decisionId, kind, gate, reason, by, roles } = decision;
    const argument = { decisionId, eventId: message.id, kind, reason, by, roles, ...(gate ? { gate } : {}) };
    try {
      const applied = await this.client.withDeadline(Date.now() + updateMs, () =>
        handle.executeUpdate(decide, { updateId: decisionId, args: [argument] }),
      );
      await decisionApplied(this.pool, decision, message.id, applied);
    } catch (error) {
      const gone = error instanceof WorkflowNotFoundError && overStates.includes(decision.campaignStatus);
      const refusal = gone ? `campaign-over: the campaign is ${decision.campaignStatus}` : refusalOf(error);
      if (refusal === undefined) throw error;
      await decisionRefused(this.pool, decision, message.id, refusal);
    }
  }

  private async cancel(campaign: CampaignRef, message: Message): Promise<void> {
    await foundOrGone(this.client.workflow.getHandle(workflowIdAt(campaign, message)).cancel());
    await markSent(this.pool, [message.id], { handled: true });
  }
}

/** Cuts a line of messages into calls. */
export function inCalls(messages: readonly Message[]): Message[][] {
  const calls: Message[][] = [];
  for (const message of messages) {
    const last = calls.at(-1);
    const [first] = last ?? [];
    if (last && first?.kind === 'signal' && message.kind === 'signal' && first.name === message.name)
      last.push(message);
    else calls.push([message]);
  }
  return calls;
}

async function foundOrGone(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const cause = error.cause;
  return cause instanceof ApplicationFailure
    ? `${cause.type ?? 'refused'}: ${cause.message}`
    : (cause?.message ?? error.message);
}

function attributesOf(campaign: CampaignRef): SearchAttributePair[] {
  const pairs: SearchAttributePair[] = [
    { key: searchAttributes.campaignId, value: campaign.campaignId },
    { key: searchAttributes.tenantId, value: campaign.tenantId },
    { key: searchAttributes.site, value: campaign.site },
    { key: searchAttributes.owner, value: campaign.owner },
  ];
  const deadline = campaign.deadline ? new Date(campaign.deadline) : undefined;
  if (deadline && !Number.isNaN(deadline.getTime())) pairs.push({ key: searchAttributes.deadline, value: deadline });
  return pairs;
}
