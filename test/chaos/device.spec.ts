import { runFleet } from './device/fleet';
import { figuresOf, isWrong } from './device/figures';
import { mutants } from './device/mutants';

jest.setTimeout(300_000);

/** Schedules of the short form; `npm run chaos -- device` runs as many as one likes. */
const seeds = 200;

describe('device work under seeded faults', () => {
  it('doubles nothing, loses nothing, and leaves nothing open or unknown that could be known', async () => {
    const results = await runFleet({ from: 1, seeds, lanes: 2 });
    const { failing, ...figures } = figuresOf(results);
    expect(failing ?? []).toEqual([]);
    expect(figures).toMatchObject({
      schedules: seeds,
      doubled: 0,
      lost: 0,
      unsettled: 0,
      unknownAvoidable: 0,
      ledgerMismatches: 0,
    });
    // A schedule without faults would prove nothing.
    expect(Object.values(figures.faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(2 * seeds);
  });

  it('replays a seed turn by turn', async () => {
    const [alone] = await runFleet({ from: 17, seeds: 1, lanes: 1 });
    const among = await runFleet({ from: 14, seeds: 4, lanes: 1 });
    expect(among.find(({ seed }) => seed === 17)?.hash).toBe(alone?.hash);
  });

  it.each(Object.keys(mutants))('shows what the mutant "%s" breaks', async (name) => {
    const results = await runFleet({ from: 1, seeds: 500, lanes: 2, patches: mutants[name] ?? [], onResult: isWrong });
    expect(results.some(isWrong)).toBe(true);
  });
});
