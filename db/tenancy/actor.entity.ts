import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Who writes: a person, a device, or Anneal itself. */
@Entity('actor')
export class ActorEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text', array: true })
  roles: string[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
