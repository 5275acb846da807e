import type { AgentClock } from '../ports';
import type { DeviceAdapter } from './adapter';

/** How long an adapter may take to answer, ms. */
export interface Deadlines {
  /** Analysis of a protocol on the instrument included. */
  readonly stageMs: number;
  readonly startMs: number;
  /** Beyond the wait it was asked for. */
  readonly observeMs: number;
  readonly stopMs: number;
  readonly reconcileMs: number;
  readonly readFileMs: number;
  readonly conditionMs: number;
  readonly selfTestMs: number;
}

/** What is enough for every instrument known. */
export const defaultDeadlines: Deadlines = {
  stageMs: 600_000,
  startMs: 60_000,
  observeMs: 30_000,
  stopMs: 60_000,
  reconcileMs: 60_000,
  readFileMs: 600_000,
  conditionMs: 15_000,
  selfTestMs: 1_800_000,
};

/** The same adapter, each call of which fails when its deadline passes; what the instrument then did is asked for. */
export function withDeadlines(adapter: DeviceAdapter, clock: AgentClock, limits = defaultDeadlines): DeviceAdapter {
  const within = <T>(ms: number, what: string, call: Promise<T>): Promise<T> => inTime(call, { clock, ms, what });
  const { condition, selfTest } = adapter;
  return {
    stage: (request) => within(limits.stageMs, 'stage', adapter.stage(request)),
    start: (id, order) => within(limits.startMs, 'start', adapter.start(id, order)),
    observe: (id, waitMs, signal) => within(waitMs + limits.observeMs, 'observe', adapter.observe(id, waitMs, signal)),
    stop: (id) => within(limits.stopMs, 'stop', adapter.stop(id)),
    reconcile: (id) => within(limits.reconcileMs, 'reconcile', adapter.reconcile(id)),
    readFile: (file) => within(limits.readFileMs, 'readFile', adapter.readFile(file)),
    ...(condition && { condition: () => within(limits.conditionMs, 'condition', condition.call(adapter)) }),
    ...(selfTest && { selfTest: () => within(limits.selfTestMs, 'selfTest', selfTest.call(adapter)) }),
  };
}

async function inTime<T>(call: Promise<T>, limit: { clock: AgentClock; ms: number; what: string }): Promise<T> {
  const answered = new AbortController();
  const { clock, ms, what } = limit;
  const late = clock.pause(ms, answered.signal).then((): T => {
    if (answered.signal.aborted) return undefined as T;
    throw new Error(`the adapter did not answer ${what} within ${ms} ms`);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    answered.abort();
  }
}
