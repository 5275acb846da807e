import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A version of a protocol document. */
@Entity('protocol')
export class ProtocolEntity {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @PrimaryColumn({ type: 'text' })
  version: string;

  @Column({ type: 'text' })
  stage: string;

  @Column({ type: 'bytea' })
  sha256: Buffer;

  @Column({ name: 'source_text', type: 'text' })
  sourceText: string;

  @Column({ type: 'jsonb' })
  document: unknown;

  @Column({ name: 'document_version', type: 'smallint' })
  documentVersion: number;

  @Column({ name: 'actor_id', type: 'uuid' })
  actorId: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
