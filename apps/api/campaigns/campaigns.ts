import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { decide, decisionState, type DecisionState } from '../../../db/campaigns/decisions';
import { submitCampaign, type Accepted } from '../../../db/campaigns/submit';
import { campaignView, listCampaigns } from '../../../db/campaigns/view';
import { DomainError } from '../../../libs/errors/domain-error';
import type { CampaignView } from '../../../libs/report/campaign-view';
import { POOL } from '../../../libs/platform/database/database.module';
import type { Actor } from '../auth/actor';
import type { DecisionRequest, PageQuery } from './campaigns.dto';
import { Documents } from './documents';

/** How long a decision is waited for before the answer is 202, ms. */
const patienceMs = 3_000;
const site = 'main';

/** Campaigns as scientists see them. */
@Injectable()
export class Campaigns {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(Documents) private readonly documents: Documents,
  ) {}

  /** @throws DomainError `document-invalid` with all findings; nothing is stored then */
  async submit(actor: Actor, source: Uint8Array, idempotencyKey: string): Promise<Accepted> {
    const { campaign, sourceText } = await this.documents.campaign(actor.tenantId, source);
    return submitCampaign(this.pool, {
      tenantId: actor.tenantId,
      siteSlug: site,
      actorId: actor.id,
      idempotencyKey,
      sourceText,
      campaign,
      protocols: this.documents.shippedFor(campaign),
    });
  }

  async validate(actor: Actor, source: Uint8Array): Promise<{ valid: true; warnings: readonly unknown[] }> {
    const { warnings } = await this.documents.campaign(actor.tenantId, source);
    return { valid: true, warnings };
  }

  list(actor: Actor, page: PageQuery): Promise<{ items: CampaignView[]; next?: string }> {
    return listCampaigns(this.pool, actor.tenantId, {
      limit: page.limit ?? 50,
      ...(page.before ? { before: page.before } : {}),
    });
  }

  view(actor: Actor, slug: string): Promise<CampaignView> {
    return campaignView(this.pool, actor.tenantId, slug);
  }

  /** Stores the decision, then waits a little for the workflow's word. */
  async decide(actor: Actor, slug: string, request: DecisionRequest): Promise<DecisionState> {
    await this.checkRole(actor, slug, request);
    let decision = await decide(this.pool, { tenantId: actor.tenantId, actorId: actor.id }, slug, request);
    const until = performance.now() + patienceMs;
    while (decision.state === 'pending' && performance.now() < until) {
      await pause(50);
      decision = await decisionState(this.pool, decision.id);
    }
    return decision;
  }

  /** A gate is passed by the role its campaign names; the rest is the scientist's, the principal investigator's and the operators'. */
  private async checkRole(actor: Actor, slug: string, request: DecisionRequest): Promise<void> {
    const { pendingApprovals } = await campaignView(this.pool, actor.tenantId, slug);
    const gate = request.kind === 'approve' && pendingApprovals.find((one) => one.gate === request.gate);
    const allowed = gate ? [gate.role] : ['scientist', 'pi', 'ops', 'operator'];
    if (!actor.roles.some((role) => allowed.includes(role)))
      throw new DomainError(
        'forbidden',
        `to ${request.kind} this takes the role ${allowed.join(' or ')}; ${actor.name} has ${actor.roles.join(', ') || 'none'}`,
      );
  }
}
