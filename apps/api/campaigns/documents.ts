import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { ProtocolSource } from '../../../db/campaigns/submit';
import { storedProtocols } from '../../../db/campaigns/protocols';
import { parseCampaign, shippedContext, type ParsedCampaign } from '../../../libs/campaign/document/parse-campaign';
import { DomainError } from '../../../libs/errors/domain-error';
import { parseProtocol } from '../../../libs/protocol/document/parse-protocol';
import { shippedProtocols } from '../../../libs/protocol/library/shipped';
import { POOL } from '../../../libs/platform/database/database.module';

type ValidCampaign = Extract<ParsedCampaign, { ok: true }>;

/** Reads the documents scientists send: campaigns and protocols, against what is shipped and what the tenant stored. */
@Injectable()
export class Documents {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /**
   * A campaign's text, checked against shipped and stored protocols.
   * @throws DomainError `document-invalid` with every finding
   */
  async campaign(tenantId: string, source: Uint8Array): Promise<ValidCampaign> {
    const today = new Date().toISOString().slice(0, 10);
    const shipped = shippedContext(today);
    const stored = await storedProtocols(this.pool, tenantId);
    const parsed = parseCampaign(source, {
      ...shipped,
      protocols: [...shipped.protocols, ...stored.map((one) => one.document)],
    });
    if (parsed.ok) return parsed;
    throw refuse('campaign', parsed.findings);
  }

  /**
   * A protocol's text.
   * @throws DomainError `document-invalid` with every finding
   */
  protocol(source: Uint8Array): ProtocolSource {
    const parsed = parseProtocol(source);
    if (!parsed.ok) throw refuse('protocol', parsed.findings);
    const { id, version, stage } = parsed.protocol;
    return { id, version, stage, sourceText: parsed.sourceText, document: parsed.protocol };
  }

  /** The shipped protocols a campaign names, to be stored beside it; what it names else is stored already. */
  shippedFor(campaign: ValidCampaign['campaign']): ProtocolSource[] {
    const named = [campaign.build.protocol, campaign.assay.protocol];
    return shippedProtocols().filter((protocol) =>
      named.some(({ id, version }) => id === protocol.id && version === protocol.version),
    );
  }
}

type Findings = Extract<ParsedCampaign, { ok: false }>['findings'];

function refuse(kind: string, findings: Findings): DomainError {
  const count = `${findings.length} mistake${findings.length === 1 ? '' : 's'}`;
  return new DomainError('document-invalid', `the ${kind} has ${count}; nothing was stored`, {}, findings);
}
