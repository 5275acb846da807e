import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A file on its way in. */
@Entity('upload')
export class UploadEntity {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ name: 'owner_kind', type: 'text' })
  ownerKind: string;

  @PrimaryColumn({ name: 'owner_id', type: 'uuid' })
  ownerId: string;

  @PrimaryColumn({ type: 'bytea' })
  sha256: Buffer;

  @Column({ type: 'bigint' })
  bytes: string;

  @Column({ name: 'last_chunk_at', type: 'timestamptz' })
  lastChunkAt: Date;

  @Column({ name: 'completed_at', type: 'timestamptz', nullable: true })
  completedAt: Date | null;
}
