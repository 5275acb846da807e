import type { Stand } from './postgres/stand';
import { openStand } from './postgres/stand';
import { storm } from './postgres/storm';

jest.setTimeout(300_000);

/** The short form of `npm run chaos -- postgres`: quick kills of PostgreSQL; the worker is left alone. */
const rhythms = {
  postgres: { everySeconds: [1, 2.5], downSeconds: [0, 1] },
  worker: { everySeconds: [3_600, 3_600], downSeconds: [0, 0] },
} as const;

describe('stage workflows while PostgreSQL is killed', () => {
  let stand: Stand | undefined;
  beforeAll(async () => {
    stand = await openStand(4, () => undefined);
  });
  afterAll(() => stand?.close(false));

  it('complete once each, with one result each', async () => {
    const plan = { workflows: 60, open: 30, seed: 'spec', rhythms };
    const figures = await storm(stand as Stand, plan, () => undefined);
    expect(figures).toMatchObject({ completed: 60, results: 60, doubled: 0, lost: 0, findings: [] });
    expect(figures.postgresKills).toBeGreaterThanOrEqual(1);
  });
});
