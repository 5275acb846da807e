import { readPicklist } from '../../../libs/build/picklist';
import { assembleDesign } from '../../../libs/design/construct';
import { designSpace } from '../../../libs/design/space';
import { screenLibrary } from '../../../libs/design/screen';
import type { Campaign } from '../../../libs/campaign/campaign';
import { loadCollection } from '../../../libs/dna/collections/collection';
import { scoreOf } from '../../../libs/learn/score';
import type { Report } from '../../../libs/report/report';
import { readCampaign } from '../commands/validate';
import type { GivenWorklist, LoggedTransfer } from './transfer-score';

/** Noise-free scores, asked of the virtual lab after the end. */
export interface TrueScores {
  /** Of the construct the report recommends. */
  readonly best: number;
  /** The best of the library. */
  readonly trueBest: number;
}

const chunk = 100;

/** Asks the lab's ground truth for every member of the library that assembles, and for the winner. */
export async function askTruth(labUrl: string, campaignText: string, report: Report): Promise<TrueScores> {
  const campaign = readCampaign(campaignText);
  const winner = report.winners[0];
  const scores = await libraryScores(labUrl, campaign);
  const winnerIndex = winner ? designSpace(campaign.library).indexOf(winner.choice) : undefined;
  return {
    best: winnerIndex === undefined ? Number.NaN : (scores.get(winnerIndex) ?? Number.NaN),
    trueBest: Math.max(...scores.values()),
  };
}

async function libraryScores(labUrl: string, campaign: Campaign): Promise<Map<number, number>> {
  const collection = loadCollection(campaign.library.collection.id, campaign.library.collection.version);
  const space = designSpace(campaign.library);
  const { feasible } = screenLibrary(campaign, collection);
  const members = Array.from({ length: space.size }, (_, index) => index).filter((index) => feasible(index));
  const scores = new Map<number, number>();
  for (let from = 0; from < members.length; from += chunk) {
    const some = members.slice(from, from + chunk);
    const sequences = some.map(
      (index) => assembleDesign(campaign, collection, space.designAt(index)).construct.sequence,
    );
    const values = await trueReadouts(labUrl, campaign, sequences);
    some.forEach((index, at) => {
      const score = scoreOf(campaign.objectives, values[at] ?? {});
      if (score !== undefined) scores.set(index, score);
    });
  }
  return scores;
}

async function trueReadouts(
  labUrl: string,
  campaign: Campaign,
  sequences: readonly string[],
): Promise<readonly Record<string, number>[]> {
  const { reads, readouts } = campaign.assay;
  const response = await fetch(new URL('/truth', labUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sequences, assay: { reads, readouts } }),
  });
  if (!response.ok) throw new Error(`the virtual lab answered ${response.status} to /truth: ${await response.text()}`);
  const { values } = (await response.json()) as { values: { readouts: Record<string, number> }[] };
  return values.map((value) => value.readouts);
}

/** Lines of the lab's motion log that the score needs. */
type MotionLine =
  | {
      readonly t: 'start';
      readonly job: {
        readonly dispatchId: string;
        readonly jobId: string;
        readonly spec: { readonly operation: string };
        readonly worklistCsv?: string;
      };
    }
  | { readonly t: 'transfer'; readonly dispatchId: string; readonly jobId: string; readonly ordinal: number }
  | { readonly t: 'other' };

/**
 * Every transfer of the lab's motion log, and every worklist a run began with. A pick from a region without a colony left is
 * asked for on trial: it counts as asked for only where it happened.
 */
export async function readMotions(labUrl: string): Promise<{ given: GivenWorklist[]; made: LoggedTransfer[] }> {
  const response = await fetch(new URL('/motions', labUrl));
  if (!response.ok)
    throw new Error(`the virtual lab answered ${response.status} to /motions: ${await response.text()}`);
  const { motions } = (await response.json()) as { motions: MotionLine[] };
  const made = motions.flatMap((line) =>
    line.t === 'transfer' ? [{ dispatchId: line.dispatchId, jobId: line.jobId, ordinal: line.ordinal }] : [],
  );
  const happened = new Set(made.map(({ jobId, ordinal }) => `${jobId}/${ordinal}`));
  const given = motions.flatMap((line) => {
    if (line.t !== 'start' || !line.job.worklistCsv) return [];
    const { dispatchId, jobId, spec } = line.job;
    const ordinals = readPicklist(line.job.worklistCsv).map((row) => row.ordinal);
    const trial = spec.operation === 'pick-colonies';
    return [
      {
        dispatchId,
        jobId,
        ordinals: trial ? ordinals.filter((ordinal) => happened.has(`${jobId}/${ordinal}`)) : ordinals,
      },
    ];
  });
  return { given, made };
}
