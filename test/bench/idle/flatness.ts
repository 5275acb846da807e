/** What was seen at one moment of idling; CPU as percent of one core since the sample before. */
export interface IdleSample {
  readonly atSeconds: number;
  readonly apiCpuPercent: number;
  readonly apiRssMb: number;
  readonly postgresCpuPercent: number;
  readonly postgresConnections: number;
  readonly requestsPerSecond: number;
}

type Figure = Exclude<keyof IdleSample, 'atSeconds'>;

/** How far a figure may lie above where it was: a share of that, or a little in its own unit, whichever is more. */
const allowed: Readonly<
  Record<Exclude<Figure, 'requestsPerSecond'>, { readonly share: number; readonly least: number }>
> = {
  apiCpuPercent: { share: 0.1, least: 2 },
  postgresCpuPercent: { share: 0.1, least: 2 },
  apiRssMb: { share: 0.05, least: 10 },
  postgresConnections: { share: 0, least: 1 },
};

/**
 * The first and last figures after warm-up, and whether they are flat. Warm-up is the first quarter of the samples; `first` and `last` are
 * the means of the first and the last third of the rest, an even number of samples each: robots that poll every 20 s make
 * every other sample of 30 s busier. Flat: CPU grew by at most 10 % (or 2 points), resident memory by at most 5 % (or
 * 10 MB), connections by at most 1. Peaks are of all samples.
 */
export function conclude(samples: readonly IdleSample[]): Record<string, unknown> & { readonly flat: boolean } {
  const settled = samples.slice(Math.floor(samples.length / 4));
  const third = Math.max(1, 2 * Math.round(settled.length / 6));
  const ends = (figure: Figure): { first: number; last: number } => ({
    first: mean(settled.slice(0, third).map((sample) => sample[figure])),
    last: mean(settled.slice(-third).map((sample) => sample[figure])),
  });
  const peak = (figure: Figure): number => Math.max(...samples.map((sample) => sample[figure]));
  const flat = Object.entries(allowed).every(([figure, { share, least }]) => {
    const { first, last } = ends(figure as Figure);
    return last - first <= Math.max(first * share, least);
  });
  return {
    apiCpuPercent: ends('apiCpuPercent'),
    apiRssMb: { ...ends('apiRssMb'), peak: peak('apiRssMb') },
    postgresCpuPercent: ends('postgresCpuPercent'),
    postgresConnections: { ...ends('postgresConnections'), peak: peak('postgresConnections') },
    requestsPerSecond: mean(settled.map((sample) => sample.requestsPerSecond)),
    flat,
  };
}

function mean(values: readonly number[]): number {
  return Number((values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(1));
}
