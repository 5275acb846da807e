import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An assembly of parts, identified by its sequence. */
@Entity('construct')
export class ConstructEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'sequence_sha256', type: 'bytea' })
  sequenceSha256: Buffer;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  topology: string;

  @Column({ type: 'text' })
  sequence: string;

  @Column({ type: 'jsonb' })
  parts: unknown;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
