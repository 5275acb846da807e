import { Column, Entity, PrimaryColumn } from 'typeorm';

/** History of a closed workflow. */
@Entity('workflow_archive')
export class WorkflowArchiveEntity {
  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ name: 'workflow_id', type: 'text' })
  workflowId: string;

  @PrimaryColumn({ name: 'run_id', type: 'text' })
  runId: string;

  @Column({ type: 'jsonb' })
  history: unknown;

  @Column({ name: 'archived_at', type: 'timestamptz' })
  archivedAt: Date;
}
