import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Labware a job works on. */
@Entity('job_labware')
export class JobLabwareEntity {
  @PrimaryColumn({ name: 'job_id', type: 'uuid' })
  jobId: string;

  @PrimaryColumn({ name: 'labware_id', type: 'uuid' })
  labwareId: string;

  @Column({ type: 'text' })
  role: string;

  @Column({ type: 'text' })
  at: string;

  @Column({ type: 'text', nullable: true })
  seal: string | null;

  @Column({ type: 'boolean', nullable: true })
  lid: boolean | null;

  @Column({ type: 'integer', nullable: true })
  position: number | null;
}
