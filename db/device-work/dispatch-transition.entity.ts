import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The life of a dispatch, as PostgreSQL enforces it. */
@Entity('dispatch_transition')
export class DispatchTransitionEntity {
  @PrimaryColumn({ name: 'from_state', type: 'text' })
  fromState: string;

  @PrimaryColumn({ name: 'to_state', type: 'text' })
  toState: string;

  /** Kind of the event that records it. */
  @Column({ type: 'text' })
  event: string;

  /** What its event says when nobody gives another reason. */
  @Column({ type: 'text' })
  reason: string;
}
