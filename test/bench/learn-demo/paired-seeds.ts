import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SearchResult } from './search';

/** Both arms on one seed. */
export interface PairedResult {
  readonly seed: number;
  readonly loop: SearchResult;
  readonly random: SearchResult;
}

/** Threads the seeds are dealt to. */
const threads = 2;

/**
 * Runs both arms on the seeds 1 to `count`, on two threads; the results do not depend on which thread ran what.
 *
 * @param told called as each seed ends, in order of ending
 * @returns results by seed, upwards
 */
export async function runPairedSeeds(count: number, told: (result: PairedResult) => void): Promise<PairedResult[]> {
  const waiting = Array.from({ length: count }, (_, i) => i + 1);
  const results: PairedResult[] = [];
  const serve = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(join(__dirname, 'seed.thread.js'));
      const next = (): void => {
        const seed = waiting.shift();
        if (seed === undefined) void worker.terminate().then(() => resolve(), reject);
        else worker.postMessage(seed);
      };
      worker.on('message', (result: PairedResult) => {
        results.push(result);
        told(result);
        next();
      });
      worker.on('error', reject);
      next();
    });
  await Promise.all(Array.from({ length: Math.min(threads, count) }, serve));
  return results.sort((a, b) => a.seed - b.seed);
}
