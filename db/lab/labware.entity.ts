import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A plate, tray or reservoir, known by its barcode. */
@Entity('labware')
export class LabwareEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @Column({ type: 'text' })
  barcode: string;

  @Column({ type: 'text' })
  kind: string;

  @Column({ name: 'content_role', type: 'text', nullable: true })
  contentRole: string | null;

  @Column({ name: 'place_id', type: 'uuid' })
  placeId: string;

  @Column({ name: 'home_place_id', type: 'uuid', nullable: true })
  homePlaceId: string | null;

  @Column({ type: 'text' })
  seal: string;

  @Column({ type: 'boolean' })
  lid: boolean;

  @Column({ type: 'boolean' })
  held: boolean;

  @Column({ name: 'held_reason', type: 'text', nullable: true })
  heldReason: string | null;

  @Column({ name: 'held_by', type: 'uuid', nullable: true })
  heldBy: string | null;

  @Column({ name: 'in_use_by', type: 'uuid', nullable: true })
  inUseBy: string | null;

  @Column({ type: 'boolean' })
  discarded: boolean;

  @Column({ name: 'ready_at', type: 'timestamptz', nullable: true })
  readyAt: Date | null;

  @Column({ name: 'due_at', type: 'timestamptz', nullable: true })
  dueAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'lot_id', type: 'uuid', nullable: true })
  lotId: string | null;

  @Column({ name: 'opened_at', type: 'timestamptz', nullable: true })
  openedAt: Date | null;

  @Column({ name: 'thaw_count', type: 'integer' })
  thawCount: number;

  @Column({ type: 'integer', nullable: true })
  position: number | null;

  @Column({ type: 'text', nullable: true })
  unconfirmed: string | null;

  @Column({ name: 'confirmed_at', type: 'timestamptz', nullable: true })
  confirmedAt: Date | null;

  @Column({ name: 'confirmed_by', type: 'uuid', nullable: true })
  confirmedBy: string | null;

  @Column({ name: 'confirmed_how', type: 'text', nullable: true })
  confirmedHow: string | null;
}
