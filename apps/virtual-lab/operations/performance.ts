import type { Motion, StagedJob } from '../motions';
import type { LabLabware, World } from '../world';

/** A run that is being carried out. */
export interface Performance {
  readonly job: StagedJob;
  /** Place of the device; labware it works with must stand there. */
  readonly placeCode: string;
  readonly startedAt: number;
  readonly endsAt: number;
  readonly world: World;
  /** Stops after so many transfers: the instrument breaks down. */
  readonly atMost?: number;
  /** Ordinals a part of this run has moved already. */
  readonly already?: readonly number[];
}

/** What an instrument says at the end of a run. */
export interface Report {
  readonly problem?: { readonly code: string; readonly message: string };
  /** Ordinals that moved; operations without a worklist have none. */
  readonly done?: readonly number[];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly file?: { readonly name: string; readonly mediaType: string; readonly content: Uint8Array };
}

/** The motions of a run one by one, then its report. */
export type Course = Generator<Motion, Report>;

/** Names of a run, for its motions. */
export const runOf = ({
  dispatchId,
  jobId,
  stepKey,
}: StagedJob): Pick<StagedJob, 'dispatchId' | 'jobId' | 'stepKey'> => ({
  dispatchId,
  jobId,
  stepKey,
});

/** Labware of a job that exists. */
export function platesOf({ job, world }: Performance): LabLabware[] {
  return job.spec.labware.flatMap(({ barcode }) => world.find(barcode) ?? []);
}

/** What the instrument reports when labware does not stand where it works: of the job's list, and of the barcodes named besides. */
export function missingLabware(run: Performance, barcodes: readonly string[] = []): Report['problem'] {
  const listed = run.job.spec.labware.filter(({ at }) => at === 'device').map(({ barcode }) => barcode);
  const away = [...listed, ...barcodes].find((barcode) => run.world.find(barcode)?.place !== run.placeCode);
  if (away === undefined) return undefined;
  const where = run.world.find(away)?.place ?? 'nowhere in the lab';
  return { code: 'labware-missing', message: `${away} is at ${where}, not at ${run.placeCode}` };
}
