import { chooseDesigns } from '../../apps/worker/design/choose-designs';
import { learnRound } from '../../apps/worker/learn/learn-round';
import { InlineScience } from '../../apps/worker/learn/science';
import { closeTest } from '../../apps/worker/test/close-test';
import { parseCampaign, shippedContext } from '../../libs/campaign/document/parse-campaign';
import { exampleCampaignText } from '../../libs/campaign/library/examples';
import type { Campaign } from '../../libs/campaign/campaign';
import { ensureActor } from '../../db/seed';
import type { TestDatabase } from '../../libs/testing/database';
import { testDatabase } from '../../libs/testing/database';
import { SmallFoundry } from './small-foundry';
import type { Nature } from './small-lab';
import { SmallLab } from './small-lab';

const science = new InlineScience();

/** Promoter and RBS decide; the last letters of a part's name before its position make a number. */
const brightness = (name: string): number => 100 * (1 + ([...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 50)); // prettier-ignore
const wrong = (sequence: string): string => (sequence.startsWith('A') ? 'C' : 'A') + sequence.slice(1);

async function foundry(
  db: TestDatabase,
  name: 'demo' | 'single-unit',
  nature: Nature,
  change: (campaign: Campaign) => Campaign,
) {
  // prettier-ignore
  const personId = await ensureActor(db.pool, { tenantId: db.tenantId, kind: 'person', name: 'grace', roles: ['ops'] });
  const lab = await SmallLab.open(db, personId, nature);
  const parsed = parseCampaign(exampleCampaignText(name), shippedContext());
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
  return { lab, rounds: await SmallFoundry.open(db, lab, change(parsed.campaign)) };
}

const statuses = async (db: TestDatabase, round: number): Promise<Record<string, number>> => {
  const { rows } = await db.pool.query<{ status: string; count: number }>(
    'select status, count(*)::int from design where round = $1 group by status',
    [round],
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
};

describe('rounds of a one-level campaign', () => {
  let db: TestDatabase;
  let rounds: SmallFoundry;
  let lab: SmallLab;
  const unlucky = new Set<string>();

  beforeAll(async () => {
    db = await testDatabase();
    const nature: Nature = {
      colonies: (construct, plated) => (unlucky.has(construct) ? 0 : plated === 0 ? 1 : 3),
      // The only colony of a first pass is wrong for every third construct: those need a second pass.
      sequence: (designed, clone) => (designed.length % 3 === 0 && clone === 1 ? wrong(designed) : designed),
      brightness,
    };
    ({ lab, rounds } = await foundry(db, 'single-unit', nature, (campaign) => ({
      ...campaign,
      budget: { ...campaign.budget, constructsPerRound: 5, confirmTop: 2 },
    })));
  });
  afterAll(() => db.close());

  it('designs, builds in as many passes as it takes, measures and learns', async () => {
    await rounds.openRound(1, 'explore');
    const designed = await chooseDesigns(db.pool, science, rounds.round(1));
    expect(designed).toMatchObject({ designs: 5 });
    const { rows } = await db.pool.query<{ name: string }>('select name from construct c join design d on d.construct_id = c.id order by d.position limit 1'); // prettier-ignore
    unlucky.add(rows[0]?.name ?? '');
    await rounds.runStage(1, 'build');
    expect(await rounds.build.closeBuild(rounds.round(1))).toMatchObject({ built: 4, failed: 1, proceed: true });
    expect(await statuses(db, 1)).toEqual({ built: 4, 'failed-transformation': 1 });
    await rounds.runStage(1, 'test');
    expect(await closeTest(db.pool, rounds.round(1))).toMatchObject({ measured: 4, held: 0 });
    const learned = await learnRound(db.pool, science, rounds.round(1));
    expect(learned).toMatchObject({ stop: false, nextKind: 'explore' });
    expect(lab.done.some((summary) => summary.startsWith('pick-colonies'))).toBe(true);
  }, 120_000);

  it('measures what the reader was shown', async () => {
    const { rows } = await db.pool.query<{ name: string; mean: number; cultures: number }>(
      'select c.name, v.mean, v.cultures from construct_value v join construct c on c.id = v.construct_id where round = 1',
    );
    expect(rows).toHaveLength(4);
    for (const { name, mean } of rows) expect(mean).toBeCloseTo(brightness(name), 0);
  });

  it('gives every well its sample, its clone and its file', async () => {
    const { rows } = await db.pool.query<{ wells: number; orphans: number }>(
      `select count(*)::int as wells, count(*) filter (where s.id is null or (m.role = 'sample' and (m.clone_id is null or not exists (
         select 1 from sample_verdict v where v.sample_id = m.clone_id and v.verdict = 'accepted'))))::int as orphans
       from measurement m left join sample s on s.id = m.sample_id`,
    );
    expect(rows[0]?.wells).toBeGreaterThan(4);
    expect(rows[0]?.orphans).toBe(0);
  });

  it('traces a value back to parts of the shelf through the parents of its samples', async () => {
    const { rows } = await db.pool.query<{ kind: string }>(
      `with recursive line (id) as (
         (select sample_id from measurement where role = 'sample' limit 1)
         union select p.parent_id from sample_parent p join line on line.id = p.sample_id)
       select distinct s.kind from line join sample s on s.id = line.id`,
    );
    expect(rows.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['part', 'assembly-reaction', 'transformation', 'colony-region', 'culture', 'glycerol-stock', 'starter-culture', 'assay-culture'])); // prettier-ignore
  });

  it('answers every activity again with what it stored', async () => {
    const before = await db.pool.query('select count(*) from step_result');
    const again = await learnRound(db.pool, science, rounds.round(1));
    expect(again).toMatchObject({ stop: false });
    expect(await chooseDesigns(db.pool, science, rounds.round(1))).toMatchObject({ designs: 5 });
    expect(await closeTest(db.pool, rounds.round(1))).toMatchObject({ measured: 4 });
    expect((await db.pool.query('select count(*) from step_result')).rows).toEqual(before.rows);
  });

  it('builds what was learned, with predictions frozen before, and stops when the rounds are used up', async () => {
    await rounds.openRound(2, 'explore');
    await chooseDesigns(db.pool, science, rounds.round(2));
    const { rows } = await db.pool.query<{ predicted: Record<string, { mean: number }>; again: boolean }>(
      `select predicted, exists (select 1 from design e where e.round = 1 and e.construct_id = d.construct_id) as again
       from design d where round = 2`,
    );
    expect(rows).toHaveLength(5);
    for (const { predicted, again } of rows) {
      expect(again).toBe(false);
      expect(predicted['gfp_per_od']?.mean).toEqual(expect.any(Number));
    }
    await rounds.runStage(2, 'build');
    expect(await rounds.build.closeBuild(rounds.round(2))).toMatchObject({ built: 5 });
    await rounds.runStage(2, 'test');
    await closeTest(db.pool, rounds.round(2));
    expect(await learnRound(db.pool, science, rounds.round(2))).toMatchObject({
      stop: true,
      nextKind: 'confirm',
      reason: expect.stringContaining('2 of 2 rounds') as string,
    });
  }, 120_000);

  it('measures the best again from their stocks, without building', async () => {
    await rounds.openRound(3, 'confirm');
    expect(await chooseDesigns(db.pool, science, rounds.round(3))).toMatchObject({ designs: 2 });
    await rounds.runStage(3, 'test');
    expect(await closeTest(db.pool, rounds.round(3))).toMatchObject({ measured: 2, held: 0 });
    expect(await learnRound(db.pool, science, rounds.round(3))).toMatchObject({ stop: true });
    expect(await statuses(db, 3)).toEqual({ measured: 2 });
  }, 60_000);

  it('never plans more out of a well than it holds', async () => {
    const { rows } = await db.pool.query(
      `select w.barcode, v.well from labware w cross join lateral well_volumes(array[w.id]) v
       where v.low_pl = 0 and v.reserved_pl > 0 or (select sum(high_pl) from ledger l where l.from_labware_id = w.id and l.from_well = v.well)
         > (select sum(high_pl) from ledger l where l.to_labware_id = w.id and l.to_well = v.well)`,
    );
    expect(rows).toEqual([]);
  });
});

describe('a two-level campaign', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.close());

  it('joins units to constructs, and takes units of earlier rounds from stock', async () => {
    const nature: Nature = { colonies: () => 2, sequence: (designed) => designed, brightness };
    const { lab, rounds } = await foundry(db, 'demo', nature, (campaign) => ({
      ...campaign,
      library: { ...campaign.library, slots: campaign.library.slots.map((slot) => ({ ...slot, options: slot.options.slice(0, 2) })) }, // prettier-ignore
      assay: { ...campaign.assay, protocol: { id: 'plate-endpoint', version: '1' } },
      controls: campaign.controls.map((control) => ({ ...control, bands: [] })),
      budget: { ...campaign.budget, constructsPerRound: 4 },
      selection: { ...campaign.selection, later: { strategy: 'random', acquisition: 'auto' } },
      stop: [],
    }));
    await rounds.openRound(1, 'explore');
    await chooseDesigns(db.pool, science, rounds.round(1));
    await rounds.runStage(1, 'build');
    expect(await rounds.build.closeBuild(rounds.round(1))).toMatchObject({ built: 4, failed: 0, fraction: 1 });
    await rounds.runStage(1, 'test');
    expect(await closeTest(db.pool, rounds.round(1))).toMatchObject({ measured: 4 });
    expect(await learnRound(db.pool, science, rounds.round(1))).toMatchObject({ stop: false });
    await rounds.openRound(2, 'explore');
    await chooseDesigns(db.pool, science, rounds.round(2));
    const units = await plannedReactions(db, 'r2/build/level1.1/assembly', () => rounds.runStage(2, 'build'));
    expect(units).toBeLessThan(8);
    expect(await rounds.build.closeBuild(rounds.round(2))).toMatchObject({ built: 4 });
    expect(lab.done.some((summary) => summary.startsWith('purify'))).toBe(true);
  }, 180_000);
});

describe('a round with mishaps', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.close());

  it('finishes what was left of a failed job, never uses a well that is in doubt, and reads a plate again whose controls failed', async () => {
    const failing = new Set(['r1/build/build.1/mix/ASM1', 'r1/test/measure.2/dilute/ASY1']);
    const nature: Nature = {
      colonies: () => 3,
      sequence: (designed) => designed,
      brightness: (name, read) => (name === 'reference-two-colour' && read === 0 ? 1e6 : brightness(name)),
      mishap: ({ stepKey, attempt }) => {
        if (!failing.has(stepKey) || attempt > 1) return undefined;
        return { result: 'failed', transfers: { done: [[1, 10]], uncertain: [[11, 11]] }, problem: { code: 'tip', message: 'a tip fell off' } }; // prettier-ignore
      },
    };
    const { rounds } = await foundry(db, 'single-unit', nature, (campaign) => ({
      ...campaign,
      budget: { ...campaign.budget, constructsPerRound: 4 },
    }));
    await rounds.openRound(1, 'explore');
    await chooseDesigns(db.pool, science, rounds.round(1));
    await rounds.runStage(1, 'build');
    // The well in doubt was left alone in the first pass; its construct took a second one.
    expect(await rounds.build.closeBuild(rounds.round(1))).toMatchObject({ built: 4 });
    const passes = await db.pool.query<{ reactions: number }>(
      `select (result -> 'values' ->> 'reactions')::int as reactions from step_result where planner = 'assembly' order by step_key`,
    );
    expect(passes.rows.map(({ reactions }) => reactions)).toEqual([4, 1]);
    await rounds.runStage(1, 'test');
    expect(await closeTest(db.pool, rounds.round(1))).toMatchObject({ measured: 4, held: 0 });
    const states = await db.pool.query<{ state: string; count: number }>('select state, count(*)::int from measurement group by state order by state'); // prettier-ignore
    expect(states.rows.map(({ state }) => state)).toEqual(['held', 'ok']);
  }, 120_000);

  it('lets no void sample into a measurement', async () => {
    const { rows } = await db.pool.query<{ voids: number; measured: number }>(
      `select count(distinct v.sample_id)::int as voids, count(distinct m.id)::int as measured
       from sample_verdict v left join measurement m on m.sample_id = v.sample_id where v.verdict = 'void'`,
    );
    expect(rows[0]?.voids).toBeGreaterThanOrEqual(2);
    expect(rows[0]?.measured).toBe(0);
  });
});

async function plannedReactions(db: TestDatabase, stepKey: string, run: () => Promise<void>): Promise<number> {
  await run();
  const { rows } = await db.pool.query<{ count: number }>(
    `select (result -> 'values' ->> 'reactions')::int as count from step_result where step_key = $1`,
    [stepKey],
  );
  return rows[0]?.count ?? -1;
}
