import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A mebibyte of a file, or of an upload. */
@Entity('file_chunk')
export class FileChunkEntity {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ type: 'bytea' })
  sha256: Buffer;

  @PrimaryColumn({ type: 'integer' })
  index: number;

  @Column({ type: 'bytea' })
  content: Buffer;
}
