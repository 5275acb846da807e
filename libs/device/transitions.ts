/**
 * The life of a dispatch. The same table stands in SQL (`dispatch_transition`) and in the API's documentation.
 *
 * ```
 * blocked → queued → leased → started → succeeded
 *             ▲        │        ├────→ failed
 *             └────────┘        └────→ unknown ──→ succeeded | failed
 * blocked | queued | leased → withdrawn
 * ```
 */
export const dispatchStates = [
  'blocked',
  'queued',
  'leased',
  'started',
  'succeeded',
  'failed',
  'unknown',
  'withdrawn',
] as const;
export type DispatchState = (typeof dispatchStates)[number];

export interface Transition {
  readonly from: DispatchState;
  readonly to: DispatchState;
  /** Past-tense fact, the kind of the event that records it. */
  readonly event: string;
  /** Kind of the actor that may cause it. Workflows act as the system, a person at the bench as a device. */
  readonly by: readonly ('device' | 'system' | 'person')[];
  readonly when: string;
}

export const dispatchTransitions: readonly Transition[] = [
  { from: 'blocked', to: 'queued', event: 'jobReleased', by: ['system'], when: 'every job it needs has succeeded' },
  {
    from: 'queued',
    to: 'leased',
    event: 'jobLeased',
    by: ['device', 'person'],
    when: 'a device that has what it needs asks for work',
  },
  {
    from: 'leased',
    to: 'queued',
    event: 'leaseLapsed',
    by: ['system', 'device', 'person'],
    when: 'the lease ran out, or was given back, before the start',
  },
  {
    from: 'leased',
    to: 'started',
    event: 'jobStarted',
    by: ['device', 'person'],
    when: 'compare-and-set by the lease holder before anything moves',
  },
  {
    from: 'started',
    to: 'succeeded',
    event: 'jobSucceeded',
    by: ['device', 'person'],
    when: 'outcome with the current token',
  },
  {
    from: 'started',
    to: 'failed',
    event: 'jobFailed',
    by: ['device', 'person'],
    when: 'outcome with the current token; partial effects listed',
  },
  {
    from: 'started',
    to: 'unknown',
    event: 'jobBecameUnknown',
    by: ['system'],
    when: 'silence past the lease after the start',
  },
  {
    from: 'unknown',
    to: 'succeeded',
    event: 'unknownResolvedHappened',
    by: ['device', 'person', 'system'],
    when: 'evidence or a named person: it happened',
  },
  {
    from: 'unknown',
    to: 'failed',
    event: 'unknownResolvedNot',
    by: ['device', 'person', 'system'],
    when: 'evidence or a named person: it did not, or partly; or there is no evidence and it may be repeated',
  },
  { from: 'blocked', to: 'withdrawn', event: 'jobWithdrawn', by: ['system', 'person'], when: 'no longer wanted' },
  { from: 'queued', to: 'withdrawn', event: 'jobWithdrawn', by: ['system', 'person'], when: 'no longer wanted' },
  { from: 'leased', to: 'withdrawn', event: 'jobWithdrawn', by: ['system', 'person'], when: 'no longer wanted' },
];
