import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Liquid a dispatch is to move; it is reserved while the dispatch is open. */
@Entity('planned_transfer')
export class PlannedTransferEntity {
  @PrimaryColumn({ name: 'dispatch_id', type: 'uuid' })
  dispatchId: string;

  @PrimaryColumn({ type: 'integer' })
  ordinal: number;

  @Column({ name: 'from_labware_id', type: 'uuid' })
  fromLabwareId: string;

  @Column({ name: 'from_well', type: 'text' })
  fromWell: string;

  @Column({ name: 'to_labware_id', type: 'uuid' })
  toLabwareId: string;

  @Column({ name: 'to_well', type: 'text' })
  toWell: string;

  @Column({ name: 'volume_pl', type: 'bigint' })
  volumePl: string;
}
