import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One round of a campaign. */
@Entity('round')
export class RoundEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'campaign_id', type: 'uuid' })
  campaignId: string;

  @Column({ type: 'integer' })
  number: number;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'integer' })
  revision: number;

  @Column({ type: 'text' })
  status: string;

  @Column({ type: 'jsonb' })
  pins: unknown;

  @Column({ name: 'lab_started_at', type: 'timestamptz', nullable: true })
  labStartedAt: Date | null;

  @Column({ name: 'lab_finished_at', type: 'timestamptz', nullable: true })
  labFinishedAt: Date | null;

  @Column({ type: 'jsonb', nullable: true })
  summary: unknown;
}
