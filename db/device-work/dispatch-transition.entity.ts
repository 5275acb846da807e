import { Entity, PrimaryColumn } from 'typeorm';

/** The life of a dispatch, as PostgreSQL enforces it. */
@Entity('dispatch_transition')
export class DispatchTransitionEntity {
  @PrimaryColumn({ name: 'from_state', type: 'text' })
  fromState: string;

  @PrimaryColumn({ name: 'to_state', type: 'text' })
  toState: string;
}
