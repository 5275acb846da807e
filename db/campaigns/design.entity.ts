import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A construct chosen for a round, with what was predicted of it. */
@Entity('design')
export class DesignEntity {
  @PrimaryColumn({ name: 'campaign_id', type: 'uuid' })
  campaignId: string;

  @PrimaryColumn({ type: 'integer' })
  round: number;

  @PrimaryColumn({ name: 'design_index', type: 'bigint' })
  designIndex: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ type: 'integer' })
  position: number;

  @Column({ name: 'construct_id', type: 'uuid' })
  constructId: string;

  @Column({ type: 'jsonb' })
  choice: unknown;

  @Column({ type: 'text' })
  arm: string;

  @Column({ type: 'text' })
  reason: string;

  @Column({ type: 'jsonb', nullable: true })
  predicted: unknown;

  @Column({ type: 'text' })
  status: string;

  @Column({ name: 'status_reason', type: 'text', nullable: true })
  statusReason: string | null;

  @Column({ name: 'frozen_at', type: 'timestamptz' })
  frozenAt: Date;
}
