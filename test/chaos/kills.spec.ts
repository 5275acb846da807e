import { KillLab } from './kills/lab';
import { runSchedule } from './kills/run-schedule';
import { planSchedule } from './kills/schedule';

jest.setTimeout(240_000);

/** The short form of `npm run chaos -- kills`: seeds whose plans kill each of the four at least once. */
const seeds = [2, 5, 8, 13, 19];

describe('device work under real kills', () => {
  let lab: KillLab;
  beforeAll(async () => {
    lab = await KillLab.open('spec');
  });
  afterAll(() => lab.close());

  it('kills each process at least once', () => {
    const victims = new Set(seeds.flatMap((seed) => planSchedule(seed).kills.map(({ victim }) => victim)));
    expect([...victims].sort()).toEqual(['agent', 'api', 'instrument', 'postgres']);
  });

  it.each(seeds)('does everything once, loses nothing and settles all of schedule %i', async (seed) => {
    const { findings, answered, started, diary } = await runSchedule(lab, seed);
    expect({ findings, diary: findings.length > 0 ? diary : [] }).toEqual({ findings: [], diary: [] });
    expect(answered.filter(({ avoidable }) => avoidable)).toEqual([]);
    expect(started).toBeGreaterThanOrEqual(6);
  });
});
