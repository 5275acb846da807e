import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A lot that a dispatch used. */
@Entity('dispatch_lot')
export class DispatchLotEntity {
  @PrimaryColumn({ name: 'dispatch_id', type: 'uuid' })
  dispatchId: string;

  @PrimaryColumn({ name: 'labware_id', type: 'uuid' })
  labwareId: string;

  @Column({ name: 'lot_id', type: 'uuid' })
  lotId: string;
}
