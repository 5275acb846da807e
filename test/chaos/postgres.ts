import { parseArgs } from 'node:util';
import { openStand } from './postgres/stand';
import { storm } from './postgres/storm';
import { rhythms } from './postgres/tormentor';

/**
 * The counts of the strictest published suite of a durable engine (DBOS, chaos tests: PostgreSQL killed every 5–20 s, away 0–5 s,
 * 5,000 workflows), with 5,000 device results beside them: Build stages of one device job each run through the shipped worker and api
 * and robots over HTTP while PostgreSQL (a cluster of its own, fsync on) and the worker are killed; Temporal stays.
 *
 * `npm run chaos -- postgres [--workflows 5000] [--open 150] [--robots 12] [--seed 1] [--keep]`. All right means: every workflow
 * completed once with its result, every device result is in PostgreSQL once and word for word, was acknowledged to its robot once and
 * triggered once, and the outbox is empty. Prints one JSON line at the end and exits 1 otherwise.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      workflows: { type: 'string', default: '5000' },
      open: { type: 'string', default: '150' },
      robots: { type: 'string', default: '12' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
    },
  });
  const began = performance.now();
  const say = (line: string): void =>
    void process.stderr.write(`${((performance.now() - began) / 1_000).toFixed(1)} s: ${line}\n`);
  const stand = await openStand(Number(values.robots), say);
  try {
    const plan = { workflows: Number(values.workflows), open: Number(values.open), seed: values.seed, rhythms };
    const { findings, ...figures } = await storm(stand, plan, say);
    for (const finding of findings) say(finding);
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    const { workflows, completed, results, doubled, lost } = figures;
    process.exitCode = completed === workflows && results === workflows && doubled + lost === 0 ? 0 : 1;
  } finally {
    await stand.close(values.keep);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
