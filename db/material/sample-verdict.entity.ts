import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A judgement on a sample. Append-only. */
@Entity('sample_verdict')
export class SampleVerdictEntity {
  @PrimaryColumn({ type: 'bigint' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'sample_id', type: 'uuid' })
  sampleId: string;

  @Column({ type: 'text' })
  verdict: string;

  @Column({ type: 'text' })
  reason: string;

  @Column({ type: 'jsonb' })
  evidence: unknown;

  @Column({ name: 'actor_id', type: 'uuid' })
  actorId: string;

  @Column({ type: 'timestamptz' })
  at: Date;
}
