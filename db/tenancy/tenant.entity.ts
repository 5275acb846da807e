import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An organisation that uses this installation. */
@Entity('tenant')
export class TenantEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  slug: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
