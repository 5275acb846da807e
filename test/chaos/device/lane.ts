import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SqlFunctions } from '../../../db/migrate';
import { testServer } from '../../../libs/testing/database';
import { LaneLab } from './lane-lab';
import { Schedule } from './schedule';
import type { ScheduleResult } from './schedule';

/** What a lane is told to do: seeds to run, one after another. */
export interface LaneOrder {
  readonly from: number;
  readonly count: number;
  readonly trace?: boolean;
}

/** What a lane says: each result, then that the order is done. */
export type LaneWord = { readonly result: ScheduleResult } | { readonly done: true } | { readonly line: string };

/** Schedules on one database; tables grow and plans with them. */
const schedulesPerDatabase = 250;

/** Runs schedules as it is told by its parent process. */
async function main(): Promise<void> {
  const say = (word: LaneWord): void => void process.send?.(word);
  const server = await testServer();
  let lab: LaneLab | undefined;
  let runs = 0;
  const run = async (seed: number, trace: boolean): Promise<void> => {
    lab ??= await LaneLab.open(server, functionsOf(process.argv[2]));
    const print = trace ? (line: string): void => say({ line }) : undefined;
    const result = await new Schedule(lab, seed, print).run();
    say({ result });
    const { doubled, lost, unsettled } = result.findings;
    if (++runs % schedulesPerDatabase === 0 || doubled + lost + unsettled > 0) {
      await lab.close();
      lab = undefined;
    }
  };
  process.on('message', ({ from, count, trace }: LaneOrder) => {
    void (async () => {
      for (let seed = from; seed < from + count; seed++) await run(seed, trace ?? false);
      say({ done: true });
    })().catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exit(1);
    });
  });
  process.on('disconnect', () => process.exit(0));
  say({ done: true });
}

/** The functions of a mutant. */
function functionsOf(path: string | undefined): SqlFunctions | undefined {
  if (path === undefined) return undefined;
  const sql = readFileSync(path, 'utf8');
  return { sql, sha256: createHash('sha256').update(sql).digest('hex') };
}

void main();
