import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One attempt at a job: one physical effect. */
@Entity('dispatch')
export class DispatchEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @Column({ name: 'job_id', type: 'uuid' })
  jobId: string;

  @Column({ type: 'integer' })
  attempt: number;

  @Column({ type: 'text' })
  state: string;

  @Column({ type: 'text' })
  capability: string;

  @Column({ name: 'fencing_token', type: 'bigint', nullable: true })
  fencingToken: string | null;

  @Column({ name: 'device_id', type: 'uuid', nullable: true })
  deviceId: string | null;

  @Column({ name: 'lease_expires_at', type: 'timestamptz', nullable: true })
  leaseExpiresAt: Date | null;

  @Column({ name: 'heartbeat_at', type: 'timestamptz', nullable: true })
  heartbeatAt: Date | null;

  @Column({ name: 'until_lab_at', type: 'timestamptz', nullable: true })
  untilLabAt: Date | null;

  @Column({ name: 'worklist_sha256', type: 'bytea', nullable: true })
  worklistSha256: Buffer | null;

  @Column({ name: 'queued_at', type: 'timestamptz', nullable: true })
  queuedAt: Date | null;

  @Column({ name: 'leased_at', type: 'timestamptz', nullable: true })
  leasedAt: Date | null;

  @Column({ name: 'started_at', type: 'timestamptz', nullable: true })
  startedAt: Date | null;

  @Column({ name: 'started_lab_at', type: 'timestamptz', nullable: true })
  startedLabAt: Date | null;

  @Column({ name: 'settled_at', type: 'timestamptz', nullable: true })
  settledAt: Date | null;

  @Column({ name: 'settled_lab_at', type: 'timestamptz', nullable: true })
  settledLabAt: Date | null;

  @Column({ type: 'jsonb', nullable: true })
  progress: unknown;

  @Column({ type: 'jsonb', nullable: true })
  outcome: unknown;

  @Column({ type: 'jsonb', nullable: true })
  resolution: unknown;

  @Column({ name: 'late_outcome', type: 'jsonb', nullable: true })
  lateOutcome: unknown;

  /** Who changes the state and why, on the way to the trigger that records it. */
  @Column({ type: 'jsonb', nullable: true })
  change: unknown;

  @Column({ name: 'campaign_id', type: 'uuid', nullable: true })
  campaignId: string | null;

  @Column({ type: 'integer' })
  rank: number;

  @Column({ name: 'routed_device_id', type: 'uuid', nullable: true })
  routedDeviceId: string | null;

  @Column({ type: 'boolean' })
  deck: boolean;

  @Column({ name: 'fair_tag', type: 'double precision', nullable: true })
  fairTag: number | null;

  @Column({ name: 'virtual_at', type: 'double precision', nullable: true })
  virtualAt: number | null;

  @Column({ name: 'urgent_at', type: 'timestamptz', nullable: true })
  urgentAt: Date | null;

  @Column({ name: 'not_before', type: 'timestamptz', nullable: true })
  notBefore: Date | null;

  @Column({ type: 'boolean' })
  timed: boolean;

  @Column({ type: 'boolean' })
  parked: boolean;

  @Column({ name: 'by_hand', type: 'boolean' })
  byHand: boolean;
}
