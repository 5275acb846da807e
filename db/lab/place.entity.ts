import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where labware can stand. */
@Entity('place')
export class PlaceEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @Column({ type: 'text' })
  code: string;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'integer' })
  capacity: number;

  @Column({ name: 'temperature_c', type: 'real', nullable: true })
  temperatureC: number | null;
}
