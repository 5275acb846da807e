import { parseArgs } from 'node:util';
import { runFleet } from './device/fleet';
import { figuresOf, isWrong } from './device/figures';
import { mutants } from './device/mutants';

/** Seeded schedules of device work: `npm run chaos -- device --seeds 10000 --from 1`, `--seeds 1 --from 7 --trace`, `--mutant cas`. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      from: { type: 'string', default: '1' },
      lanes: { type: 'string', default: '2' },
      trace: { type: 'boolean', default: false },
      hashes: { type: 'boolean', default: false },
      mutant: { type: 'string' },
    },
  });
  const from = Number(values.from);
  const order = { from, lanes: values.trace ? 1 : Number(values.lanes), trace: values.trace };
  if (values.mutant !== undefined) return hunt(values.mutant, Number(values.seeds ?? 500), order);
  const began = performance.now();
  let done = 0;
  const results = await runFleet({
    ...order,
    seeds: Number(values.seeds ?? 1_000),
    onLine: (line) => void process.stdout.write(`${line}\n`),
    onResult: (result) => {
      if (values.hashes) process.stdout.write(`${result.seed} ${result.hash}\n`);
      if (++done % 500 === 0) process.stderr.write(`${done} schedules\n`);
      if (isWrong(result)) process.stderr.write(`seed ${result.seed}: ${result.findings.notes.join('; ')}\n`);
    },
  });
  const figures = figuresOf(results);
  const seconds = Number(((performance.now() - began) / 1_000).toFixed(1));
  process.stdout.write(`${JSON.stringify({ ...figures, seconds })}\n`);
  process.exitCode = results.some(isWrong) ? 1 : 0;
}

/** Runs a mutant of the sources until a figure shows it. */
async function hunt(name: string, seeds: number, order: { from: number; lanes: number }): Promise<void> {
  const patches = mutants[name];
  if (!patches) throw new Error(`expected one of ${Object.keys(mutants).join(', ')}, found "${name}"`);
  const results = await runFleet({ ...order, seeds, patches, onResult: isWrong });
  const first = results.find(isWrong);
  const figures = first ? figuresOf([first]) : undefined;
  const shown = figures ? (['doubled', 'lost', 'unsettled', 'unknownAvoidable', 'ledgerMismatches'] as const).filter((figure) => figures[figure] > 0) : []; // prettier-ignore
  const word = {
    mutant: name,
    schedules: results.length,
    firstSeed: first?.seed ?? null,
    figures: shown,
    what: first?.findings.notes ?? [],
  };
  process.stdout.write(`${JSON.stringify(word)}\n`);
  process.exitCode = first ? 0 : 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
