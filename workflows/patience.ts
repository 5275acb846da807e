/**
 * How activities are waited for and tried again, beside how long each may take: a worker that died is noticed after
 * `heartbeatTimeout`, and whoever waits for PostgreSQL asks often enough not to prolong its absence. Not part of a history.
 */
export const patience = {
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '5s' },
} as const;
