import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a round says about a construct. */
@Entity('construct_value')
export class ConstructValueEntity {
  @PrimaryColumn({ name: 'campaign_id', type: 'uuid' })
  campaignId: string;

  @PrimaryColumn({ type: 'integer' })
  round: number;

  @PrimaryColumn({ name: 'construct_id', type: 'uuid' })
  constructId: string;

  @PrimaryColumn({ type: 'text' })
  readout: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ type: 'text' })
  unit: string;

  @Column({ type: 'double precision' })
  mean: number;

  @Column({ type: 'double precision', nullable: true })
  sd: number | null;

  @Column({ name: 'standard_error', type: 'double precision', nullable: true })
  standardError: number | null;

  @Column({ type: 'double precision', nullable: true })
  low: number | null;

  @Column({ type: 'double precision', nullable: true })
  high: number | null;

  @Column({ type: 'integer' })
  clones: number;

  @Column({ type: 'integer' })
  cultures: number;

  @Column({ type: 'integer' })
  wells: number;

  @Column({ type: 'integer' })
  plates: number;

  @Column({ type: 'text', array: true })
  flags: string[];
}
