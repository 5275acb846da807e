import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A rack that a leased dispatch takes its tips from. */
@Entity('dispatch_rack')
export class DispatchRackEntity {
  @PrimaryColumn({ name: 'dispatch_id', type: 'uuid' })
  dispatchId: string;

  @PrimaryColumn({ name: 'labware_id', type: 'uuid' })
  labwareId: string;

  @Column({ type: 'integer' })
  count: number;
}
