import { Entity, PrimaryColumn } from 'typeorm';

/** What went into a sample. */
@Entity('sample_parent')
export class SampleParentEntity {
  @PrimaryColumn({ name: 'sample_id', type: 'uuid' })
  sampleId: string;

  @PrimaryColumn({ name: 'parent_id', type: 'uuid' })
  parentId: string;

  @PrimaryColumn({ name: 'dispatch_id', type: 'uuid' })
  dispatchId: string;

  @PrimaryColumn({ type: 'integer' })
  ordinal: number;
}
