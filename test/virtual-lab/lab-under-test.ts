import { createHash } from 'node:crypto';
import type { Line } from './lab-bench';
import { hourMs, LabBench } from './lab-bench';

/**
 * A lab as a process that a test can kill: `node lab-under-test.js <folder> <transfers>`. It grows a culture, prints the hash of
 * the whole physical truth, and then works through a long worklist, printing when the first lines are on the disk.
 */
async function main([dir = '', transfers = '0']: readonly string[]): Promise<void> {
  const bench = await LabBench.open(dir);
  await bench.transfer('r1/medium', 'STOCK-MEDIUM-1', 'deepwell-96.S', [['A1', 'A1', 500]]);
  await bench.transfer('r1/inoculate', 'STOCK-CONTROLS-1', 'deepwell-96.S', [['A2', 'A1', 2]]);
  await bench.incubate('deepwell-96.S', 16 * hourMs);
  const lines = Array.from({ length: Number(transfers) }, (_, at): Line => ['A3', `A${(at % 12) + 1}`, 0.001]);
  await bench.bring('lh-1', 'STOCK-REAGENTS-1', 'pcr-96.A');
  process.stdout.write(`${hashOf(bench.lab.truth.snapshot())}\n`);
  if (lines.length === 0) return void setInterval(() => undefined, 1_000);
  const job = bench.transferJob('r1/long', 'STOCK-REAGENTS-1', 'pcr-96.A', lines);
  const until = await bench.begin('lh-1', job);
  bench.lab.moveTime(until);
  await bench.end('lh-1', job.dispatchId);
}

/** Hash of a plain value. */
function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

void main(process.argv.slice(2));
