import type { Campaign, Control } from '../campaign/campaign';
import type { Layout } from './layout';
import { wellsOfRole } from './layout';
import type { ReadingTable } from './readings';
import { readingsOf } from './readings';
import type { WellReadout } from './readout-values';
import { meanOf, medianOf, robustSdOf, sdOf } from './statistics';

/**
 * Z′ = 1 − 3(sd₊ + sd₋) / |μ₊ − μ₋| (Zhang et al. 1999); robust: median and MAD × 1.4826. 0.5 and above is excellent.
 * Needs two values on each side; null otherwise or when the centres agree.
 */
export function zPrime(
  positive: readonly number[],
  negative: readonly number[],
  kind: 'robust' | 'classical' = 'robust',
): number | null {
  if (positive.length < 2 || negative.length < 2) return null;
  const [p, q] = [centreAndSpread(positive, kind), centreAndSpread(negative, kind)];
  const distance = Math.abs(p.centre - q.centre);
  return distance === 0 ? null : 1 - (3 * (p.spread + q.spread)) / distance;
}

/**
 * Strictly standardised mean difference (μ₊ − μ₋) / √(sd₊² + sd₋²) (Zhang 2007); robust as in {@link zPrime}. 3 and above is
 * good for strong controls. null below two values on a side or without any spread.
 */
export function ssmd(
  positive: readonly number[],
  negative: readonly number[],
  kind: 'robust' | 'classical' = 'robust',
): number | null {
  if (positive.length < 2 || negative.length < 2) return null;
  const [p, q] = [centreAndSpread(positive, kind), centreAndSpread(negative, kind)];
  const spread = Math.hypot(p.spread, q.spread);
  return spread === 0 ? null : (p.centre - q.centre) / spread;
}

function centreAndSpread(values: readonly number[], kind: 'robust' | 'classical'): { centre: number; spread: number } {
  return kind === 'robust'
    ? { centre: medianOf(values), spread: robustSdOf(values) }
    : { centre: meanOf(values), spread: sdOf(values)! };
}

/** One readout of one control on one plate. */
export interface ControlSummary {
  readonly controlId: string;
  readonly kind: Control['kind'];
  readonly readout: string;
  readonly mean: number | null;
  readonly sd: number | null;
  /** sd / |mean|. */
  readonly cv: number | null;
  readonly n: number;
}

/** How far reference and negative control are apart in one readout. */
export interface Separation {
  readonly readout: string;
  readonly zPrime: number | null;
  readonly ssmd: number | null;
}

/** Whether a plate's values may be used. A held plate waits for a person. */
export interface PlateVerdict {
  readonly verdict: 'ok' | 'held';
  /** Empty when ok; else the causes in one sentence each. */
  readonly causes: readonly string[];
  readonly controls: readonly ControlSummary[];
  readonly separation: readonly Separation[];
}

/** When a blank counts as contaminated. */
export interface BlankRule {
  /** Rise of the raw OD over the run, or excess over the median of the plate's blanks. */
  readonly riseOd: number;
  /** Raw OD no medium has. */
  readonly highestOd: number;
}

/** What a plate is judged by. */
export interface PlateEvidence {
  readonly campaign: Pick<Campaign, 'assay' | 'controls'>;
  readonly table: ReadingTable;
  readonly layout: Layout;
  readonly values: readonly WellReadout[];
  readonly blankRule?: BlankRule;
}

/**
 * Judges a plate by its controls. It is held when a control's mean leaves its band, when a control with a band has no value,
 * or when a blank grew (its OD rose, stands out among the blanks, or is higher than medium can be).
 */
export function judgePlate(evidence: PlateEvidence): PlateVerdict {
  const { campaign, layout, values } = evidence;
  const controls = campaign.controls
    .filter(({ kind }) => kind !== 'blank')
    .flatMap((control) => campaign.assay.readouts.map(({ id }) => summariseControl(control, id, layout, values)));
  const bands = campaign.controls.flatMap((control) => bandCauses(control, controls));
  const causes = [...grownBlanks(evidence), ...bands];
  const separation = campaign.assay.readouts.map(({ id }) => {
    const [reference, negative] = [ofRole('reference', id, evidence), ofRole('negative', id, evidence)];
    return { readout: id, zPrime: zPrime(reference, negative), ssmd: ssmd(reference, negative) };
  });
  return { verdict: causes.length === 0 ? 'ok' : 'held', causes, controls, separation };
}

function summariseControl(
  { id, kind }: Control,
  readout: string,
  layout: Layout,
  values: readonly WellReadout[],
): ControlSummary {
  const numbers = values
    .filter((value) => value.readout === readout && layout.wells[value.well]?.controlId === id)
    .flatMap(({ value }) => value ?? []);
  const mean = numbers.length === 0 ? null : meanOf(numbers);
  const sd = sdOf(numbers);
  const cv = mean === null || mean === 0 || sd === null ? null : sd / Math.abs(mean);
  return { controlId: id, kind, readout, mean, sd, cv, n: numbers.length };
}

function bandCauses(control: Control, summaries: readonly ControlSummary[]): string[] {
  return control.bands.flatMap(({ readout, low, high }) => {
    const summary = summaries.find((each) => each.controlId === control.id && each.readout === readout);
    if (!summary) return [];
    if (summary.mean === null) return [`control "${control.id}" has no value of "${readout}"`];
    if (summary.mean >= low && summary.mean <= high) return [];
    return [
      `control "${control.id}": "${readout}" ${Number(summary.mean.toPrecision(4))} is outside ${low} to ${high}`,
    ];
  });
}

function grownBlanks({
  campaign,
  table,
  layout,
  blankRule = { riseOd: 0.1, highestOd: 0.25 },
}: PlateEvidence): string[] {
  const blanks = wellsOfRole(layout, 'blank');
  const odReads = new Set(campaign.assay.readouts.map(({ od }) => od));
  const causes = campaign.assay.reads
    .filter(({ id, mode }) => odReads.has(id) && mode === 'absorbance')
    .flatMap((read) => {
      const readings = readingsOf(table, read).filter(({ value }) => value !== null);
      const courses = blanks.map((well) =>
        readings.filter((reading) => reading.well === well).map(({ value }) => value!),
      );
      const typical = medianOf(courses.flatMap((course) => course.at(-1) ?? []));
      return courses.flatMap((course, i) => {
        const last = course.at(-1);
        if (last === undefined) return [];
        const rise = Math.max(last - Math.min(...course), last - typical);
        if (rise <= blankRule.riseOd && last <= blankRule.highestOd) return [];
        return [`blank ${blanks[i]} grew: OD ${Number(last.toPrecision(3))} at ${read.wavelengthNm} nm`];
      });
    });
  return [...new Set(causes)];
}

function ofRole(role: 'reference' | 'negative', readout: string, { layout, values }: PlateEvidence): number[] {
  return values
    .filter((value) => value.readout === readout && layout.wells[value.well]?.role === role)
    .flatMap(({ value }) => value ?? []);
}
