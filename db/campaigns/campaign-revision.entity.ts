import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A version of a campaign document. Append-only. */
@Entity('campaign_revision')
export class CampaignRevisionEntity {
  @PrimaryColumn({ name: 'campaign_id', type: 'uuid' })
  campaignId: string;

  @PrimaryColumn({ type: 'integer' })
  revision: number;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'source_text', type: 'text' })
  sourceText: string;

  @Column({ type: 'bytea' })
  sha256: Buffer;

  @Column({ type: 'jsonb' })
  document: unknown;

  @Column({ name: 'document_version', type: 'smallint' })
  documentVersion: number;

  @Column({ name: 'actor_id', type: 'uuid' })
  actorId: string;

  @Column({ type: 'text', nullable: true })
  reason: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
