import { Entity, PrimaryColumn } from 'typeorm';

/** A job that must succeed before another. */
@Entity('job_need')
export class JobNeedEntity {
  @PrimaryColumn({ name: 'job_id', type: 'uuid' })
  jobId: string;

  @PrimaryColumn({ name: 'needs_job_id', type: 'uuid' })
  needsJobId: string;
}
