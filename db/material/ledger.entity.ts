import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A movement of liquid, between two volumes. Append-only. */
@Entity('ledger')
export class LedgerEntity {
  @PrimaryColumn({ type: 'bigint' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'dispatch_id', type: 'uuid', nullable: true })
  dispatchId: string | null;

  @Column({ type: 'integer', nullable: true })
  ordinal: number | null;

  @Column({ name: 'from_labware_id', type: 'uuid', nullable: true })
  fromLabwareId: string | null;

  @Column({ name: 'from_well', type: 'text', nullable: true })
  fromWell: string | null;

  @Column({ name: 'to_labware_id', type: 'uuid', nullable: true })
  toLabwareId: string | null;

  @Column({ name: 'to_well', type: 'text', nullable: true })
  toWell: string | null;

  @Column({ name: 'low_pl', type: 'bigint' })
  lowPl: string;

  @Column({ name: 'high_pl', type: 'bigint' })
  highPl: string;

  @Column({ type: 'text' })
  basis: string;

  @Column({ name: 'posted_at', type: 'timestamptz' })
  postedAt: Date;
}
