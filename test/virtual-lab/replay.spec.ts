import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { Lab } from '../../apps/virtual-lab/lab';
import type { LogLine } from '../../apps/virtual-lab/motions';
import { expandOrdinals } from '../../libs/device/job';
import { bundle, KillableProcess } from '../agent/killable-process';
import { freshDir } from './lab-bench';

const script = bundle(join(__dirname, 'lab-under-test.ts'), freshDir());
const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');
const transfersIn = (lines: readonly LogLine[]) => lines.flatMap((line) => (line.t === 'transfer' && line.stepKey === 'r1/long' ? [line] : [])); // prettier-ignore

/** Resolves when the log holds a line of the long worklist. */
function workBegan(dir: string): Promise<void> {
  const path = join(dir, 'motions.jsonl');
  return new Promise((resolve) => {
    const look = (): void => {
      if (!existsSync(path) || !/"transfer".*r1\/long/.test(readFileSync(path, 'utf8'))) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(dir, look);
    look();
  });
}

describe('a lab killed without warning', () => {
  it('is the same lab again, to the last cell', async () => {
    const dir = freshDir();
    const process = new KillableProcess(script, [dir, '0']);
    process.start();
    const before = await process.firstLine();
    await process.kill();
    const lab = await Lab.open(dir, 1);
    expect(hashOf(lab.truth.snapshot())).toBe(before);
    await lab.close();
  }, 20_000);

  it('says which transfers of a broken run were done and which one may have been, and stays with it', async () => {
    const dir = freshDir();
    const process = new KillableProcess(script, [dir, '20000']);
    process.start();
    await workBegan(dir);
    await process.kill();
    const copy = freshDir();
    cpSync(dir, copy, { recursive: true });

    const lab = await Lab.open(dir, 1);
    const lines = await lab.history();
    const end = lines.flatMap((line) => (line.t === 'end' && line.stepKey === 'r1/long' ? [line] : []))[0];
    const done = expandOrdinals(end?.outcome.transfers?.done ?? []);
    const uncertain = expandOrdinals(end?.outcome.transfers?.uncertain ?? []);
    const made = transfersIn(lines).map(({ ordinal }) => ordinal);
    expect(end?.outcome).toMatchObject({ result: 'failed', problem: { code: 'power-loss' } });
    expect(done.length).toBeGreaterThan(0);
    expect(done.length).toBeLessThan(20_000);
    expect(uncertain).toHaveLength(1);
    expect(made.filter((ordinal) => !uncertain.includes(ordinal))).toEqual(done);

    const received = [...(lab.truth.find('pcr-96.A')?.wells.values() ?? [])].reduce((sum, { volumePl }) => sum + volumePl, 0); // prettier-ignore
    expect(received).toBe(made.length * 1_000);
    const other = await Lab.open(copy, 1);
    expect(other.truth.snapshot()).toEqual(lab.truth.snapshot());
    await lab.close();
    const again = await Lab.open(dir, 1);
    expect(again.truth.snapshot()).toEqual(other.truth.snapshot());
    expect(await again.observe('lh-1', end?.dispatchId ?? '', 0)).toEqual({ state: 'done', outcome: end?.outcome, progress: { share: 1 } }); // prettier-ignore
    await again.close();
    await other.close();
  }, 30_000);
});
