import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A moment in lab time a workflow wants to hear of. */
@Entity('lab_timer')
export class LabTimerEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @Column({ name: 'campaign_id', type: 'uuid' })
  campaignId: string;

  @Column({ type: 'integer', nullable: true })
  round: number | null;

  @Column({ type: 'text', nullable: true })
  stage: string | null;

  @Column({ type: 'text' })
  key: string;

  @Column({ name: 'due_lab_at', type: 'timestamptz' })
  dueLabAt: Date;

  @Column({ name: 'fired_at', type: 'timestamptz', nullable: true })
  firedAt: Date | null;

  @Column({ name: 'cancelled_at', type: 'timestamptz', nullable: true })
  cancelledAt: Date | null;
}
