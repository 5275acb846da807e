import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Tips that a dispatch will use, by kind of rack. */
@Entity('dispatch_tip')
export class DispatchTipEntity {
  @PrimaryColumn({ name: 'dispatch_id', type: 'uuid' })
  dispatchId: string;

  @PrimaryColumn({ type: 'text' })
  kind: string;

  @Column({ type: 'integer' })
  count: number;
}
