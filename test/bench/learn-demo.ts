import { parseArgs } from 'node:util';
import { demoCampaign } from './learn-demo/demo-campaign';
import type { PairedResult } from './learn-demo/paired-seeds';
import { runPairedSeeds } from './learn-demo/paired-seeds';
import type { Arm } from './learn-demo/search';
import type { TrueLibrary } from './learn-demo/true-library';
import { trueLibrary } from './learn-demo/true-library';
import { randomBestOf } from '../../libs/learn/random-baseline';
import { meanWithError, pairedDifference } from './statistics';

/*
 * Does the loop of the demo campaign earn its robots? Design, the virtual lab's physics, assay and learner without database,
 * workflows and devices, against the same lab fed with random constructs: `npm run bench -- learn-demo --seeds 40`.
 */

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function readSeeds(): number {
  const { values } = parseArgs({ options: { seeds: { type: 'string', default: '40' } } });
  const seeds = Number(values.seeds);
  if (!Number.isInteger(seeds) || seeds < 1) {
    tell(`--seeds: expected a whole number of at least 1, found "${values.seeds}"`);
    process.exit(2);
  }
  return seeds;
}

function describeLibrary({ members, space, best, campaign }: TrueLibrary): void {
  const scores = members.flatMap((member) => (member ? member.score : [])).sort((a, b) => b - a);
  const at = (share: number): string => short(scores[Math.floor(share * (scores.length - 1))]!);
  const dead = scores.filter((score) => score === 0).length;
  const design = Object.values(space.designAt(best.index)).join(' ');
  tell(`library: ${scores.length} members, best #${best.index} ${short(best.score)}: ${design}`);
  tell(`true scores: top 10 ${scores.slice(0, 10).map(short).join(' ')}; ${dead} are zero`);
  const { maxRounds, constructsPerRound } = campaign.budget;
  const lucky = randomBestOf(scores, maxRounds * constructsPerRound);
  tell(`quantiles: 99 % ${at(0.01)}, 95 % ${at(0.05)}, 90 % ${at(0.1)}, 75 % ${at(0.25)}, 50 % ${at(0.5)}`);
  tell(
    `expected regret of the best of ${maxRounds} × ${constructsPerRound} random members, all built: ${short(best.score - lucky)}`,
  );
}

function describeSeed({ seed, loop, random }: PairedResult): void {
  const one = ({ recommended, regret, failed }: PairedResult[Arm]): string =>
    `#${recommended} regret ${regret.toFixed(4)} (${failed} failed)`;
  tell(`seed ${seed}: loop ${one(loop)}; random ${one(random)}`);
}

function describeArm(results: readonly PairedResult[], arm: Arm, best: number): void {
  const { mean, sem } = meanWithError(results.map((result) => result[arm].regret));
  const rounds = results[0]![arm].course.map((_, round) =>
    short(best - meanWithError(results.map((result) => result[arm].course[round]!)).mean),
  );
  tell(
    `${arm}: regret ${mean.toFixed(4)} ± ${sem.toFixed(4)} (SEM); of the best built after each round ${rounds.join(' ')}`,
  );
}

function summarise(results: readonly PairedResult[], startedAt: number): Record<string, number> {
  const regretsOf = (arm: Arm): number[] => results.map((result) => result[arm].regret);
  const top1Of = (arm: Arm): number => results.filter((result) => result[arm].isBest).length / results.length;
  const { low, high } = pairedDifference(regretsOf('loop'), regretsOf('random'));
  const [loopRegret, randomRegret] = [meanWithError(regretsOf('loop')).mean, meanWithError(regretsOf('random')).mean];
  return {
    loopRegret,
    randomRegret,
    regretRatio: loopRegret / randomRegret,
    pairedLow: low,
    pairedHigh: high,
    top1Loop: top1Of('loop'),
    top1Random: top1Of('random'),
    seeds: results.length,
    wallSeconds: (Date.now() - startedAt) / 1000,
  };
}

function short(value: number): string {
  return value.toFixed(3);
}

async function main(): Promise<void> {
  const seeds = readSeeds();
  const startedAt = Date.now();
  const library = trueLibrary(demoCampaign());
  describeLibrary(library);
  const results = await runPairedSeeds(seeds, describeSeed);
  for (const arm of ['loop', 'random'] as const) describeArm(results, arm, library.best.score);
  const summary = summarise(results, startedAt);
  tell(
    `difference of regrets: 95 % interval ${summary['pairedLow']!.toFixed(4)} to ${summary['pairedHigh']!.toFixed(4)}`,
  );
  process.stdout.write(`${JSON.stringify(round(summary))}\n`);
}

function round(summary: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(summary).map(([name, value]) => [name, Number(value.toPrecision(5))]));
}

void main();
