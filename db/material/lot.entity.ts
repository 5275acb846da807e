import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A delivery of a material, and how long it may be used. */
@Entity('lot')
export class LotEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ type: 'text' })
  code: string;

  @Column({ type: 'text' })
  material: string;

  @Column({ name: 'received_at', type: 'timestamptz' })
  receivedAt: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;

  @Column({ name: 'opened_life_days', type: 'integer', nullable: true })
  openedLifeDays: number | null;

  @Column({ name: 'max_thaws', type: 'integer', nullable: true })
  maxThaws: number | null;
}
