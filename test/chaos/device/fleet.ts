import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot, readFunctions } from '../../../db/migrate';
import { bundleLane, patched } from './bundle';
import type { Patch } from './bundle';
import type { LaneOrder, LaneWord } from './lane';
import type { ScheduleResult } from './schedule';

/** Which schedules to run, and on what sources. */
export interface FleetOrder {
  readonly from: number;
  readonly seeds: number;
  readonly lanes: number;
  readonly patches?: readonly Patch[];
  readonly trace?: boolean;
  /** Told of every result; true ends the run early. */
  readonly onResult?: (result: ScheduleResult) => boolean | void;
  readonly onLine?: (line: string) => void;
}

const seedsAtATime = 25;

/** Runs seeds side by side in processes of their own. @returns results in the order of their seeds */
export async function runFleet(order: FleetOrder): Promise<ScheduleResult[]> {
  const root = installationRoot();
  const patches = order.patches ?? [];
  const script = await bundleLane(
    root,
    join(root, 'test', 'chaos', 'device', 'lane.ts'),
    patches.filter(({ file }) => file.endsWith('.ts')),
  );
  const sql = mutatedFunctions(
    root,
    script,
    patches.filter(({ file }) => file.endsWith('.sql')),
  );
  const results: ScheduleResult[] = [];
  let next = order.from;
  let ended = false;
  const take = (): LaneOrder | undefined => {
    const count = Math.min(seedsAtATime, order.from + order.seeds - next);
    if (ended || count <= 0) return undefined;
    next += count;
    return { from: next - count, count, ...(order.trace ? { trace: true } : {}) };
  };
  const onResult = (result: ScheduleResult): boolean => {
    if (ended) return true;
    results.push(result);
    ended ||= order.onResult?.(result) === true;
    return ended;
  };
  try {
    const lanes = Array.from({ length: order.lanes }, () => {
      const child = fork(script, sql ? [sql] : [], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        execArgv: [
          '--enable-source-maps',
          ...(process.env['SIM_PROF'] ? ['--cpu-prof', '--cpu-prof-dir=/tmp/sim/prof'] : []),
        ],
      });
      return runLane(child, take, onResult, order.onLine);
    });
    await Promise.all(lanes);
  } finally {
    rmSync(script, { force: true });
    if (sql) rmSync(sql, { force: true });
  }
  return results.sort((a, b) => a.seed - b.seed);
}

/** Gives a lane orders until there are none. */
function runLane(
  child: ChildProcess,
  take: () => LaneOrder | undefined,
  onResult: (result: ScheduleResult) => boolean,
  onLine: FleetOrder['onLine'],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let over = false;
    const end = (): void => {
      over = true;
      child.disconnect();
    };
    child.on('message', (word: LaneWord) => {
      if (over) return;
      if ('line' in word) return onLine?.(word.line);
      if ('result' in word) return onResult(word.result) ? end() : undefined;
      const order = take();
      if (order) child.send(order);
      else end();
    });
    child.once('exit', (code) => (over || code === 0 ? resolve() : reject(new Error(`a lane ended with ${code}`))));
    child.once('error', reject);
  });
}

/** The SQL functions with patches, as a file for the lanes. */
function mutatedFunctions(root: string, script: string, patches: readonly Patch[]): string | undefined {
  if (patches.length === 0) return undefined;
  let { sql } = readFunctions();
  for (const file of new Set(patches.map((patch) => patch.file))) {
    const text = readFileSync(join(root, file), 'utf8');
    if (!sql.includes(text)) throw new Error(`${file} is not among the functions`);
    const mutated = patches.filter((patch) => patch.file === file).reduce(patched, text);
    sql = sql.replace(text, () => mutated);
  }
  const path = script.replace(/\.js$/, '.sql');
  writeFileSync(path, sql);
  return path;
}
