import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Physical work asked of a device. */
@Entity('job')
export class JobEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @Column({ name: 'campaign_id', type: 'uuid', nullable: true })
  campaignId: string | null;

  @Column({ type: 'integer', nullable: true })
  round: number | null;

  @Column({ type: 'text', nullable: true })
  stage: string | null;

  @Column({ name: 'step_key', type: 'text' })
  stepKey: string;

  @Column({ name: 'block_key', type: 'text', nullable: true })
  blockKey: string | null;

  @Column({ name: 'tells_success', type: 'boolean' })
  tellsSuccess: boolean;

  @Column({ name: 'serves_job_id', type: 'uuid', nullable: true })
  servesJobId: string | null;

  @Column({ type: 'text' })
  capability: string;

  @Column({ type: 'jsonb' })
  spec: unknown;

  @Column({ name: 'spec_version', type: 'smallint' })
  specVersion: number;

  @Column({ name: 'hold_min_ms', type: 'bigint', nullable: true })
  holdMinMs: string | null;

  @Column({ name: 'hold_max_ms', type: 'bigint', nullable: true })
  holdMaxMs: string | null;

  @Column({ type: 'integer' })
  rank: number;

  @Column({ type: 'smallint' })
  priority: number;

  @Column({ name: 'earliest_start_at', type: 'timestamptz', nullable: true })
  earliestStartAt: Date | null;

  @Column({ name: 'due_at', type: 'timestamptz', nullable: true })
  dueAt: Date | null;

  @Column({ name: 'routed_device_id', type: 'uuid', nullable: true })
  routedDeviceId: string | null;

  @Column({ name: 'waiting_for', type: 'text', nullable: true })
  waitingFor: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'route_pinned', type: 'boolean' })
  routePinned: boolean;
}
