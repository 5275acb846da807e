import { parseCampaign, shippedContext } from '../../../libs/campaign/document/parse-campaign';
import type { Campaign } from '../../../libs/campaign/campaign';
import { exampleCampaignText } from '../../../libs/campaign/library/examples';
import { DomainError } from '../../../libs/errors/domain-error';

/**
 * The demo campaign as it ships.
 * @throws DomainError `document-invalid` with the findings when the file does not validate.
 */
export function demoCampaign(): Campaign {
  const parsed = parseCampaign(exampleCampaignText('demo'), shippedContext());
  if (parsed.ok) return parsed.campaign;
  throw new DomainError('document-invalid', 'The shipped demo campaign does not validate.', {}, parsed.findings);
}
