import { ActivityCancellationType, proxyLocalActivities } from '@temporalio/workflow';
import type { DeviceWorkActivities } from './device-work.activities';
import type { CampaignActivities } from '../campaign/campaign.activities';

/** Short transactions in PostgreSQL, repeated until it answers: a refusal is the only way they fail. */
const options = {
  startToCloseTimeout: '10s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '5s' },
  localRetryThreshold: '10s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const;

/** Device work of stage workflows. */
export const deviceWork = proxyLocalActivities<DeviceWorkActivities>(options);

/** Facts about the campaign's process. */
export const campaignFacts = proxyLocalActivities<CampaignActivities>(options);
