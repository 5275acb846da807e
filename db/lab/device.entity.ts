import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A thing that polls for work; a person at the bench is one too. */
@Entity('device')
export class DeviceEntity {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @Column({ type: 'text' })
  code: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'text', array: true })
  capabilities: string[];

  @Column({ name: 'place_id', type: 'uuid', nullable: true })
  placeId: string | null;

  @Column({ name: 'actor_id', type: 'uuid' })
  actorId: string;

  @Column({ type: 'text' })
  state: string;

  @Column({ name: 'state_reason', type: 'text', nullable: true })
  stateReason: string | null;

  @Column({ name: 'quarantined_by', type: 'uuid', nullable: true })
  quarantinedBy: string | null;

  /** What ends its quarantine: `until-cleared`, `after-self-test`. */
  @Column({ type: 'text', nullable: true })
  hold: string | null;

  @Column({ name: 'hold_checklist', type: 'text', array: true })
  holdChecklist: string[];

  @Column({ type: 'boolean' })
  simulated: boolean;

  @Column({ name: 'last_seen_at', type: 'timestamptz', nullable: true })
  lastSeenAt: Date | null;

  @Column({ type: 'text' })
  condition: string;

  @Column({ name: 'condition_message', type: 'text', nullable: true })
  conditionMessage: string | null;
}
