import type { BufferedFiles } from './buffered-files';
import type { Journal, OpenDispatch } from './journal';

/** How far an open dispatch has come. */
export type OpenPhase = 'leased' | 'started' | 'ended';

/** What an agent says of one device, on its status port and at its start. */
export interface DeviceStatus {
  readonly device: string;
  readonly open: readonly {
    readonly dispatchId: string;
    readonly stepKey: string;
    readonly phase: OpenPhase;
    /** Wall time of its latest step, ISO. */
    readonly since?: string;
    /** Only a person, or the instrument later on, can say what it did. */
    readonly unclear?: true;
  }[];
  readonly bufferedBytes: number;
  readonly bufferedFiles: number;
  /** Wall time of the oldest outcome that waits for the api, ISO. */
  readonly oldestBufferedAt?: string;
  /** Outcomes the api refused for good, kept in the folder `refused`. */
  readonly refusedOutcomes: number;
  readonly takingWork: boolean;
  /** Why no work is asked for. */
  readonly reason?: string;
}

/** What a status is read off. */
export interface StatusSources {
  readonly device: string;
  readonly journal: Journal;
  readonly buffer: BufferedFiles;
  readonly unclear: readonly string[];
  readonly reason: string | undefined;
}

/** The status of a device at this moment. */
export function statusOf({ device, journal, buffer, unclear, reason }: StatusSources): DeviceStatus {
  const oldest = journal.open.find(({ outcome }) => outcome)?.since;
  return {
    device,
    open: journal.open.map((entry) => ({
      dispatchId: entry.id,
      stepKey: entry.job.stepKey,
      phase: phaseOf(entry),
      ...(entry.since ? { since: entry.since } : {}),
      ...(unclear.includes(entry.id) ? { unclear: true as const } : {}),
    })),
    bufferedBytes: buffer.bytes,
    bufferedFiles: buffer.count,
    ...(oldest ? { oldestBufferedAt: oldest } : {}),
    refusedOutcomes: buffer.refusedCount,
    takingWork: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
  };
}

function phaseOf({ outcome, leaseMs }: OpenDispatch): OpenPhase {
  if (outcome) return 'ended';
  return leaseMs === undefined ? 'leased' : 'started';
}
