import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A change of a fact. Append-only. */
@Entity('event')
export class EventEntity {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ type: 'text' })
  stream: string;

  @PrimaryColumn({ type: 'integer' })
  seq: number;

  @Column({ type: 'bigint' })
  position: string;

  @Column({ name: 'transaction_id', type: 'bigint' })
  transactionId: string;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'smallint' })
  version: number;

  @Column({ name: 'actor_id', type: 'uuid' })
  actorId: string;

  @Column({ name: 'campaign_id', type: 'uuid', nullable: true })
  campaignId: string | null;

  @Column({ type: 'timestamptz' })
  at: Date;

  @Column({ name: 'lab_at', type: 'timestamptz', nullable: true })
  labAt: Date | null;

  @Column({ type: 'jsonb' })
  payload: unknown;
}
