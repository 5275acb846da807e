import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A goal pursued over several rounds. */
@Entity('campaign')
export class CampaignEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @Column({ type: 'text' })
  slug: string;

  @Column({ type: 'text' })
  status: string;

  @Column({ name: 'owner_id', type: 'uuid' })
  ownerId: string;

  @Column({ type: 'integer' })
  revision: number;

  @Column({ type: 'integer' })
  epoch: number;

  @Column({ name: 'current_round', type: 'integer' })
  currentRound: number;

  @Column({ name: 'current_stage', type: 'text', nullable: true })
  currentStage: string | null;

  @Column({ type: 'jsonb' })
  progress: unknown;

  @Column({ type: 'jsonb', nullable: true })
  outcome: unknown;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt: Date | null;

  @Column({ type: 'double precision' })
  weight: number;
}
