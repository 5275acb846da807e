import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Tips taken from a rack, between two counts. Append-only. */
@Entity('tip_use')
export class TipUseEntity {
  @PrimaryColumn({ type: 'bigint' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'dispatch_id', type: 'uuid', nullable: true })
  dispatchId: string | null;

  @Column({ name: 'labware_id', type: 'uuid' })
  labwareId: string;

  @Column({ type: 'integer' })
  low: number;

  @Column({ type: 'integer' })
  high: number;

  @Column({ type: 'text' })
  basis: string;

  @Column({ name: 'posted_at', type: 'timestamptz' })
  postedAt: Date;
}
