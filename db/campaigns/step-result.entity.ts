import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Result of a planner, by step key. */
@Entity('step_result')
export class StepResultEntity {
  @PrimaryColumn({ name: 'campaign_id', type: 'uuid' })
  campaignId: string;

  @PrimaryColumn({ name: 'step_key', type: 'text' })
  stepKey: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ type: 'text' })
  planner: string;

  @Column({ type: 'smallint' })
  version: number;

  @Column({ name: 'inputs_sha256', type: 'bytea', nullable: true })
  inputsSha256: Buffer | null;

  @Column({ type: 'jsonb' })
  result: unknown;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
