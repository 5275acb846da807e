import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A file a dispatch delivered. */
@Entity('dispatch_file')
export class DispatchFileEntity {
  @PrimaryColumn({ name: 'dispatch_id', type: 'uuid' })
  dispatchId: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ type: 'bytea' })
  sha256: Buffer;

  @PrimaryColumn({ type: 'text' })
  name: string;
}
