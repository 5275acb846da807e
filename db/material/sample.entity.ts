import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Content of one well, from its first dispense. */
@Entity('sample')
export class SampleEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'labware_id', type: 'uuid' })
  labwareId: string;

  @Column({ type: 'text' })
  well: string;

  @Column({ name: 'use_number', type: 'integer' })
  useNumber: number;

  @Column({ type: 'text' })
  kind: string;

  @Column({ name: 'construct_id', type: 'uuid', nullable: true })
  constructId: string | null;

  @Column({ name: 'clone_id', type: 'uuid', nullable: true })
  cloneId: string | null;

  @Column({ type: 'text', nullable: true })
  code: string | null;

  @Column({ name: 'concentration_ng_per_ul', type: 'real', nullable: true })
  concentrationNgPerUl: number | null;

  @Column({ name: 'concentration_basis', type: 'text', nullable: true })
  concentrationBasis: string | null;

  @Column({ name: 'made_by_dispatch_id', type: 'uuid', nullable: true })
  madeByDispatchId: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'lab_created_at', type: 'timestamptz', nullable: true })
  labCreatedAt: Date | null;
}
