import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Result of a completed stage; a campaign restarts after its last one. */
@Entity('stage_result')
export class StageResultEntity {
  @PrimaryColumn({ name: 'campaign_id', type: 'uuid' })
  campaignId: string;

  @PrimaryColumn({ type: 'integer' })
  round: number;

  @PrimaryColumn({ type: 'text' })
  stage: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ type: 'jsonb' })
  result: unknown;

  @Column({ name: 'lab_finished_at', type: 'timestamptz', nullable: true })
  labFinishedAt: Date | null;

  @Column({ name: 'finished_at', type: 'timestamptz' })
  finishedAt: Date;
}
