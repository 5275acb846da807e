import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A time in which a device may work, or the people of a site are there: weekly, or by date. */
@Entity('opening_hours')
export class OpeningHoursEntity {
  @PrimaryColumn({ type: 'bigint' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @Column({ name: 'device_id', type: 'uuid', nullable: true })
  deviceId: string | null;

  @Column({ type: 'smallint', nullable: true })
  weekday: number | null;

  @Column({ type: 'date', nullable: true })
  day: string | null;

  @Column({ type: 'time without time zone', nullable: true })
  opens: string | null;

  @Column({ type: 'time without time zone', nullable: true })
  closes: string | null;
}
