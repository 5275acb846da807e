import type { Pool } from 'pg';
import type { Campaign } from '../../libs/campaign/campaign';
import { scoreOf } from '../../libs/learn/score';
import type { Estimate, Report, ReportConstruct, ReportRound, Winner } from '../../libs/report/report';
import { campaignIdOf } from '../campaigns/view';
import * as facts from './facts';

/**
 * Gathers the report of a campaign from the facts; it can be asked at any time, also while the campaign runs.
 * @throws DomainError `not-found`
 */
export async function gatherReport(pool: Pool, tenantId: string, slug: string): Promise<Report> {
  const id = await campaignIdOf(pool, tenantId, slug);
  const [head, values, designs, rounds, wells, tubes, incidents] = await Promise.all([
    facts.head(pool, id),
    facts.constructValues(pool, id),
    facts.designs(pool, id),
    facts.rounds(pool, id),
    facts.wells(pool, id),
    facts.tubes(pool, id),
    facts.incidents(pool, id),
  ]);
  const campaign = head.document;
  const estimates = estimatesByRound(values);
  const constructs = designs.map((design) => toConstruct(campaign, design, estimates));
  return {
    simulated: head.simulated,
    campaign: {
      slug,
      title: campaign.title,
      status: head.status,
      reason: head.reason ?? '',
      revision: head.revision,
      collection: campaign.library.collection,
      objectives: campaign.objectives.map(({ readout, goal, value, weight }) => ({
        readout,
        goal,
        weight,
        ...(value === undefined ? {} : { value }),
      })),
      readouts: campaign.assay.readouts.map(({ id: readout, unit }) => ({ id: readout, unit })),
      librarySize: head.librarySize ?? 0,
      ...labTimes(rounds),
    },
    rounds: toRounds(rounds, constructs),
    winners: toWinners(campaign, constructs, rounds, tubes),
    funnel: toFunnel(constructs),
    losses: toLosses(constructs),
    constructs,
    wells,
    incidents,
  };
}

type EstimateTable = ReadonlyMap<string, Readonly<Record<string, Estimate>>>;
const key = (round: number, constructId: string): string => `${round}/${constructId}`;

function estimatesByRound(values: readonly facts.ConstructValueRow[]): EstimateTable {
  const table = new Map<string, Record<string, Estimate>>();
  for (const row of values) {
    const at = key(row.round, row.construct_id);
    table.set(at, { ...table.get(at), [row.readout]: toEstimate(row) });
  }
  return table;
}

const toEstimate = (row: facts.ConstructValueRow): Estimate => ({
  mean: row.mean,
  ...(row.low === null || row.high === null ? {} : { low: row.low, high: row.high }),
  clones: row.clones,
  cultures: row.cultures,
  wells: row.wells,
  plates: row.plates,
});

function scoreOfValues(campaign: Campaign, values: Readonly<Record<string, Estimate>>): number | undefined {
  return scoreOf(campaign.objectives, Object.fromEntries(Object.entries(values).map(([id, { mean }]) => [id, mean])));
}

function toConstruct(campaign: Campaign, design: facts.DesignRow, estimates: EstimateTable): ReportConstruct {
  const values = estimates.get(key(design.round, design.construct_id)) ?? {};
  const score = scoreOfValues(campaign, values);
  return {
    round: design.round,
    designIndex: design.design_index,
    constructId: design.construct_id,
    name: design.name,
    choice: design.choice,
    arm: design.arm,
    reason: design.reason,
    status: design.status,
    ...(design.status_reason ? { statusReason: design.status_reason } : {}),
    ...(score === undefined ? {} : { score }),
    values,
    ...(design.predicted ? { predicted: design.predicted } : {}),
  };
}

function labTimes(rounds: readonly facts.RoundRow[]): {
  labDays: number;
  labStartedAt?: string;
  labFinishedAt?: string;
} {
  const starts = rounds.flatMap((round) => (round.lab_started_at ? [round.lab_started_at.getTime()] : []));
  const ends = rounds.flatMap((round) => (round.lab_finished_at ? [round.lab_finished_at.getTime()] : []));
  if (starts.length === 0) return { labDays: 0 };
  const start = Math.min(...starts);
  const end = ends.length ? Math.max(...ends) : start;
  return {
    labDays: (end - start) / 86_400_000,
    labStartedAt: new Date(start).toISOString(),
    ...(ends.length ? { labFinishedAt: new Date(end).toISOString() } : {}),
  };
}

function toRounds(rounds: readonly facts.RoundRow[], constructs: readonly ReportConstruct[]): ReportRound[] {
  let bestSoFar: number | undefined;
  return rounds.map((round) => {
    const own = constructs.filter((construct) => construct.round === round.number);
    const scores = own.flatMap((construct) => (construct.score === undefined ? [] : [construct.score]));
    const best = scores.length ? Math.max(...scores) : undefined;
    if (round.kind === 'explore' && best !== undefined) bestSoFar = Math.max(best, bestSoFar ?? best);
    return {
      number: round.number,
      kind: round.kind,
      designed: own.length,
      built: own.filter((construct) => ['built', 'measured', 'held'].includes(construct.status)).length,
      measured: scores.length,
      ...(best === undefined ? {} : { best }),
      ...(bestSoFar === undefined ? {} : { bestSoFar }),
      ...(round.lab_finished_at ? { labFinishedAt: round.lab_finished_at.toISOString() } : {}),
    };
  });
}

/** Ranked by the re-measured score where there is one; a selection score is biased upwards. */
function toWinners(
  campaign: Campaign,
  constructs: readonly ReportConstruct[],
  rounds: readonly facts.RoundRow[],
  tubes: readonly facts.TubeRow[],
): Winner[] {
  const confirmRounds = new Set(rounds.filter((round) => round.kind === 'confirm').map((round) => round.number));
  const selected = bestPerConstruct(constructs.filter((construct) => !confirmRounds.has(construct.round)));
  const confirmed = bestPerConstruct(constructs.filter((construct) => confirmRounds.has(construct.round)));
  const ranked = [...selected.values()].sort((a, b) => rankScore(b, confirmed) - rankScore(a, confirmed));
  return ranked.slice(0, Math.max(1, campaign.budget.confirmTop)).map((construct, index) => {
    const again = confirmed.get(construct.constructId);
    return {
      rank: index + 1,
      constructId: construct.constructId,
      name: construct.name,
      choice: construct.choice,
      score: construct.score as number,
      ...(again?.score === undefined ? {} : { confirmedScore: again.score }),
      values: construct.values,
      confirmed: again?.values ?? {},
      tubes: tubes.filter((tube) => tube.construct_id === construct.constructId).map(toTube),
    };
  });
}

/** What was confirmed ranks before what was not: it has shown its value twice. */
const rankScore = (construct: ReportConstruct, confirmed: ReadonlyMap<string, ReportConstruct>): number =>
  confirmed.get(construct.constructId)?.score ?? (construct.score as number) - (confirmed.size ? 1e9 : 0);

function bestPerConstruct(constructs: readonly ReportConstruct[]): Map<string, ReportConstruct> {
  const best = new Map<string, ReportConstruct>();
  for (const construct of constructs) {
    if (construct.score === undefined) continue;
    const known = best.get(construct.constructId);
    if (!known || (known.score as number) < construct.score) best.set(construct.constructId, construct);
  }
  return best;
}

const toTube = (tube: facts.TubeRow): Winner['tubes'][number] => ({
  sampleId: tube.sample_id,
  code: tube.code ?? '',
  kind: tube.kind,
  barcode: tube.barcode,
  well: tube.well,
  place: tube.place,
});

function toFunnel(constructs: readonly ReportConstruct[]): Report['funnel'] {
  const designs = constructs.filter((construct) => construct.arm !== 'confirm');
  const lost = (statuses: readonly string[]): number =>
    designs.filter((design) => statuses.includes(design.status)).length;
  const assembled = designs.length - lost(['failed-assembly']);
  const transformed = assembled - lost(['failed-transformation']);
  const grown = transformed - lost(['failed-growth']);
  const verified = grown - lost(['failed-sequence']);
  return [
    { step: 'designed', count: designs.length },
    { step: 'assembled', count: assembled },
    { step: 'colonies', count: transformed },
    { step: 'grew', count: grown },
    { step: 'sequence verified', count: verified },
    { step: 'measured', count: lost(['measured']) },
  ];
}

function toLosses(constructs: readonly ReportConstruct[]): Report['losses'] {
  const counts = new Map<string, { status: string; reason: string; count: number }>();
  for (const construct of constructs) {
    if (!/^(failed|held)/.test(construct.status)) continue;
    const at = `${construct.status}/${construct.statusReason ?? ''}`;
    const known = counts.get(at) ?? { status: construct.status, reason: construct.statusReason ?? '', count: 0 };
    counts.set(at, { ...known, count: known.count + 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}
