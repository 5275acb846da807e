import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Lab time of a site. */
@Entity('lab_clock')
export class LabClockEntity {
  @PrimaryColumn({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ type: 'text' })
  mode: string;

  @Column({ name: 'now_at', type: 'timestamptz', nullable: true })
  nowAt: Date | null;

  @Column({ type: 'bigint' })
  revision: string;
}
