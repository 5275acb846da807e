import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An immutable file, named by its content. */
@Entity('file')
export class FileEntity {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ type: 'bytea' })
  sha256: Buffer;

  @Column({ type: 'bigint' })
  bytes: string;

  @Column({ name: 'media_type', type: 'text' })
  mediaType: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
