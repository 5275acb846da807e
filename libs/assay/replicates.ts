import type { Layout, WellUse } from './layout';
import type { WellReadout } from './readout-values';
import { meanOf, medianOf, robustSdOf, sdOf, tQuantile975 } from './statistics';

/** Mean over replicates of one level. */
export interface Summary {
  readonly mean: number | null;
  /** null below two replicates. */
  readonly sd: number | null;
  readonly n: number;
}

/** Technical replicates: wells of one culture. */
export interface CultureSummary extends Summary {
  readonly cultureId: string;
  readonly wells: readonly string[];
}

/** Biological replicates of one clone: its cultures. */
export interface CloneSummary extends Summary {
  readonly cloneId: string;
  readonly cultures: readonly CultureSummary[];
}

/** A well that did not enter the mean, and why. Its value is kept. */
export interface ExcludedWell {
  readonly well: string;
  readonly value: number | null;
  readonly reason: string;
}

/** One readout of one construct or control: what is handed to the learner. */
export interface Measurement extends Summary {
  readonly kind: 'construct' | 'control';
  /** Construct id or control id. */
  readonly id: string;
  readonly readout: string;
  /** sd / √n. */
  readonly se: number | null;
  /** 95 % confidence interval of the mean by Student's t. */
  readonly ci95: readonly [number, number] | null;
  readonly clones: readonly CloneSummary[];
  readonly excluded: readonly ExcludedWell[];
  /** Every well that was read stayed below the OD a culture has: the construct does not grow. */
  readonly noGrowth: boolean;
}

/** When a replicate counts as an outlier. */
export interface OutlierRule {
  /** Robust z above which a well is set aside. */
  readonly z: number;
  /** Replicates needed before anything is called an outlier. */
  readonly minimum: number;
  /** Smallest relative standard deviation replicates are assumed to have. */
  readonly smallestCv: number;
}

/** Robust z above 3.5 among at least three replicates; plate assays rarely repeat better than 5 %. */
export const defaultOutlierRule: OutlierRule = { z: 3.5, minimum: 3, smallestCv: 0.05 };

interface Replicate {
  readonly well: string;
  readonly use: WellUse;
  readonly value: number;
}

/**
 * Averages wells to cultures (technical replicates), cultures to clones and constructs (biological replicates: n counts
 * cultures).
 *
 * Among at least `minimum` wells of a construct, one with |robust z| > `z` is set aside with its reason. The scale of z is the
 * largest of the construct's own MAD, the plate's typical relative spread of replicates and `smallestCv`: the MAD of three wells alone is so
 * often tiny by chance that it would set aside every third triplet.
 */
export function aggregate(
  values: readonly WellReadout[],
  layout: Layout,
  rule: OutlierRule = defaultOutlierRule,
): Measurement[] {
  const groups = new Map<string, WellReadout[]>();
  for (const value of values) {
    const use = layout.wells[value.well];
    const id = use && idOf(use);
    if (id === undefined) continue;
    const key = JSON.stringify([value.readout, use?.constructId === undefined ? 'control' : 'construct', id]);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  const spreads = typicalSpreads([...groups.values()]);
  return [...groups].map(([key, wells]) => {
    const [readout, kind, id] = JSON.parse(key) as [string, Measurement['kind'], string];
    return { kind, id, readout, ...summarise(wells, layout, rule, spreads.get(readout) ?? 0) };
  });
}

function idOf({ role, constructId, controlId, sampleId }: WellUse): string | undefined {
  return role === 'blank' ? undefined : (constructId ?? controlId ?? sampleId ?? role);
}

/** Per readout: median over groups of the relative standard deviation of their wells. */
function typicalSpreads(groups: readonly (readonly WellReadout[])[]): Map<string, number> {
  const relative = new Map<string, number[]>();
  for (const group of groups) {
    const numbers = group.flatMap(({ value }) => value ?? []);
    const sd = sdOf(numbers);
    const median = Math.abs(medianOf(numbers));
    if (sd === null || !(median > 0)) continue;
    const { readout } = group[0]!;
    relative.set(readout, [...(relative.get(readout) ?? []), sd / median]);
  }
  return new Map([...relative].map(([readout, list]) => [readout, medianOf(list)]));
}

function summarise(
  wells: readonly WellReadout[],
  layout: Layout,
  rule: OutlierRule,
  typicalSpread: number,
): Omit<Measurement, 'kind' | 'id' | 'readout'> {
  const valid = wells.flatMap(({ well, value }) => (value === null ? [] : [{ well, value, use: layout.wells[well]! }]));
  const flagged = wells.filter(({ value }) => value === null);
  const { kept, outliers } = setOutliersAside(valid, rule, typicalSpread);
  const clones = groupBy(kept, ({ use }) => use.cloneId ?? use.sampleId ?? use.cultureId ?? 'all').map(summariseClone);
  const cultures = clones.flatMap((clone) => clone.cultures.map(({ mean }) => mean!));
  const whole = summaryOf(cultures);
  const se = whole.sd === null ? null : whole.sd / Math.sqrt(whole.n);
  const half = se === null ? 0 : se * tQuantile975(whole.n - 1);
  return {
    ...whole,
    se,
    ci95: se === null ? null : [whole.mean! - half, whole.mean! + half],
    clones,
    excluded: [...flagged.map(({ well, flags }) => ({ well, value: null, reason: flags.join(', ') })), ...outliers],
    noGrowth: valid.length === 0 && flagged.length > 0 && flagged.every(({ flags }) => flags.includes('low-od')),
  };
}

function setOutliersAside(
  replicates: readonly Replicate[],
  rule: OutlierRule,
  typicalSpread: number,
): { readonly kept: readonly Replicate[]; readonly outliers: readonly ExcludedWell[] } {
  const numbers = replicates.map(({ value }) => value);
  if (numbers.length < rule.minimum) return { kept: replicates, outliers: [] };
  const median = medianOf(numbers);
  const scale = Math.max(robustSdOf(numbers), Math.max(rule.smallestCv, typicalSpread) * Math.abs(median));
  const zOf = ({ value }: Replicate): number => (value === median ? 0 : (value - median) / scale);
  const isOutlier = (replicate: Replicate): boolean => Math.abs(zOf(replicate)) > rule.z;
  return {
    kept: replicates.filter((replicate) => !isOutlier(replicate)),
    outliers: replicates.filter(isOutlier).map((replicate) => ({
      well: replicate.well,
      value: replicate.value,
      reason: `outlier among its replicates: robust z ${zOf(replicate).toFixed(1)}`,
    })),
  };
}

function summariseClone([cloneId, wells]: readonly [string, readonly Replicate[]]): CloneSummary {
  const cultures = groupBy(wells, ({ use, well }) => use.cultureId ?? well).map(([cultureId, replicates]) => ({
    cultureId,
    ...summaryOf(replicates.map(({ value }) => value)),
    wells: replicates.map(({ well }) => well),
  }));
  return { cloneId, ...summaryOf(cultures.map(({ mean }) => mean!)), cultures };
}

function summaryOf(values: readonly number[]): Summary {
  return { mean: values.length === 0 ? null : meanOf(values), sd: sdOf(values), n: values.length };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups];
}
