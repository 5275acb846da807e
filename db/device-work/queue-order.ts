/** What decides whose turn it is, of a queued job. */
export interface QueuePlace {
  readonly capability: string;
  /** ISO lab time since when it goes before the fair order; null while it does not. */
  readonly urgentAt: string | null;
  readonly rank: number;
  /** Place in the fair order of its site and capability; only comparable within one. */
  readonly fairTag: number;
  /** ISO. */
  readonly queuedAt: string;
  readonly dispatchId: string;
}

/**
 * Jobs in the order of the queue: urgent ones first, the most urgent ahead of all; then each capability's jobs by rank and
 * fair share, and between capabilities the one whose next job has the smaller rank, else waits longer. The same rule as
 * `candidates_of` in db/functions/03-lease.sql, so that labware is brought in the order in which jobs are leased.
 */
export function inTurn<T extends QueuePlace>(jobs: readonly T[]): T[] {
  const urgent = jobs
    .filter(({ urgentAt }) => urgentAt !== null)
    .sort((a, b) => compare(a.urgentAt ?? '', b.urgentAt ?? '') || compare(a.dispatchId, b.dispatchId));
  const lines = new Map<string, T[]>();
  for (const job of jobs) {
    if (job.urgentAt === null) lines.set(job.capability, [...(lines.get(job.capability) ?? []), job]);
  }
  for (const line of lines.values()) {
    line.sort((a, b) => a.rank - b.rank || a.fairTag - b.fairTag || compare(a.dispatchId, b.dispatchId));
  }
  return [...urgent, ...merged([...lines.values()])];
}

function merged<T extends QueuePlace>(lines: T[][]): T[] {
  const next = lines.map(() => 0);
  const order: T[] = [];
  for (;;) {
    const heads = lines.flatMap((line, index) => {
      const head = line[next[index] as number];
      return head ? [{ head, index }] : [];
    });
    const first = heads.sort(
      (a, b) =>
        a.head.rank - b.head.rank ||
        compare(a.head.queuedAt, b.head.queuedAt) ||
        compare(a.head.dispatchId, b.head.dispatchId),
    )[0];
    if (!first) return order;
    next[first.index] = (next[first.index] as number) + 1;
    order.push(first.head);
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
