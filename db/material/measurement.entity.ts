import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A value read from a well. */
@Entity('measurement')
export class MeasurementEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'campaign_id', type: 'uuid' })
  campaignId: string;

  @Column({ type: 'integer' })
  round: number;

  @Column({ name: 'labware_id', type: 'uuid' })
  labwareId: string;

  @Column({ type: 'text' })
  well: string;

  @Column({ name: 'sample_id', type: 'uuid', nullable: true })
  sampleId: string | null;

  @Column({ type: 'text' })
  role: string;

  @Column({ name: 'construct_id', type: 'uuid', nullable: true })
  constructId: string | null;

  @Column({ name: 'clone_id', type: 'uuid', nullable: true })
  cloneId: string | null;

  @Column({ name: 'culture_id', type: 'uuid', nullable: true })
  cultureId: string | null;

  @Column({ name: 'control_id', type: 'text', nullable: true })
  controlId: string | null;

  @Column({ type: 'text' })
  readout: string;

  @Column({ type: 'text' })
  unit: string;

  @Column({ type: 'double precision', nullable: true })
  value: number | null;

  @Column({ type: 'text' })
  state: string;

  @Column({ type: 'text', array: true })
  flags: string[];

  @Column({ type: 'text', nullable: true })
  reason: string | null;

  @Column({ name: 'dispatch_id', type: 'uuid' })
  dispatchId: string;

  @Column({ name: 'file_sha256', type: 'bytea' })
  fileSha256: Buffer;

  @Column({ name: 'file_lines', type: 'int4range', nullable: true })
  fileLines: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
