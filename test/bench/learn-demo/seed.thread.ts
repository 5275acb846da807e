import { parentPort } from 'node:worker_threads';
import { demoCampaign } from './demo-campaign';
import { runSearch } from './search';
import { trueLibrary } from './true-library';

const library = trueLibrary(demoCampaign());

parentPort?.on('message', (seed: number) => {
  const [loop, random] = (['loop', 'random'] as const).map((arm) => runSearch({ library, arm, seed }));
  parentPort?.postMessage({ seed, loop, random });
});
