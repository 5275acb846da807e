import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { campaignWorkflowId } from '../../../workflows/campaign/campaign.messages';
import type { CampaignRef } from '../../../workflows/stage.messages';

/** What Temporal knows of a campaign's workflow: open, gone without a trace, or how it ended. */
export type Fate = 'open' | 'gone' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TERMINATED' | 'TIMED_OUT';

/** Asks Temporal about a campaign's workflow. Throws when Temporal does not answer: silence is no news. */
export async function whatBecameOf(client: Client, { tenant, slug }: CampaignRef): Promise<Fate> {
  try {
    const { status } = await client.workflow.getHandle(campaignWorkflowId(tenant, slug)).describe();
    const ended = (['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'] as const).find(
      (name) => name === status.name,
    );
    return ended ?? 'open';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'gone';
    throw error;
  }
}
