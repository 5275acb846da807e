import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a transfer will make. */
@Entity('planned_sample')
export class PlannedSampleEntity {
  @PrimaryColumn({ name: 'dispatch_id', type: 'uuid' })
  dispatchId: string;

  @PrimaryColumn({ name: 'labware_id', type: 'uuid' })
  labwareId: string;

  @PrimaryColumn({ type: 'text' })
  well: string;

  @Column({ name: 'sample_id', type: 'uuid' })
  sampleId: string;

  @Column({ type: 'text' })
  kind: string;

  @Column({ name: 'construct_id', type: 'uuid', nullable: true })
  constructId: string | null;

  @Column({ name: 'clone_id', type: 'uuid', nullable: true })
  cloneId: string | null;

  @Column({ type: 'text', nullable: true })
  code: string | null;
}
