import fc from 'fast-check';
import { startDispatch } from '../../db/device-work/start';
import { sweepStrays } from '../../db/device-work/sweep';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';

describe('blocks', () => {
  let db: TestDatabase;
  let scene: LabScene;
  const cyclers: SceneDevice[] = [];
  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    for (const n of [1, 2, 3, 4]) cyclers.push(await scene.device(`cycler-${n}`, 'thermocycle'));
  });
  afterAll(() => db.close());

  /** Every device works until no job of the run is open, and fails when one is never released. */
  async function workOff(prefix: string, steps: number): Promise<void> {
    const open = async (): Promise<number> => {
      const { rows } = await db.pool.query<{ n: number }>(
        `select count(*)::int as n from job j join dispatch d on d.job_id = j.id
         where j.step_key like $1 and d.state <> 'succeeded'`,
        [`${prefix}/%`],
      );
      return rows[0]?.n ?? 0;
    };
    let idle = 0;
    await Promise.all(
      cyclers.map(async (cycler) => {
        while ((await open()) > 0 && idle < 400) {
          const claim = await scene.claim(cycler);
          if (!('job' in claim)) {
            idle++;
            continue;
          }
          idle = 0;
          await startDispatch(db.pool, { ...scene.write(cycler, claim.job), leaseMs: 30_000, durationLabMs: 1 });
          await scene.report(cycler, claim.job);
        }
      }),
    );
    const { rows } = await db.pool.query<{ n: number }>(
      `select count(*)::int as n from event where kind = 'jobReleased' and payload ->> 'stepKey' like $1`,
      [`${prefix}/%`],
    );
    expect(await open()).toBe(0);
    expect(rows[0]?.n).toBeLessThanOrEqual(steps);
  }

  it('releases a successor exactly once when its predecessors settle at the same moment', async () => {
    for (let round = 0; round < 15; round++) {
      const heads = cyclers.map((_, index) => `same/${round}/head/${index}`);
      const tail = `same/${round}/tail`;
      await scene.enqueue([
        ...heads.map((key) => scene.step(key, 'thermocycle')),
        scene.step(tail, 'thermocycle', { needs: heads }),
      ]);
      const leases = await Promise.all(cyclers.map((cycler) => scene.start(cycler)));
      await Promise.all(cyclers.map((cycler, index) => scene.report(cycler, leases[index] as (typeof leases)[number])));
      expect(await scene.states(tail)).toEqual(['queued']);
      expect((await scene.events(tail)).filter((kind) => kind === 'jobReleased')).toHaveLength(1);
      await scene.run(cyclers[0] as SceneDevice);
    }
  });

  it('never loses a release when a block is queued while what it needs settles', async () => {
    const [cycler] = cyclers as [SceneDevice];
    for (let round = 0; round < 40; round++) {
      const [head, tail] = [`race/${round}/head`, `race/${round}/tail`];
      await scene.enqueue([scene.step(head, 'thermocycle')]);
      const job = await scene.start(cycler);
      await Promise.all([
        scene.report(cycler, job),
        scene.enqueue([scene.step(tail, 'thermocycle', { needs: [head] })]),
      ]);
      expect(await scene.states(tail)).toEqual(['queued']);
      await scene.run(cycler);
    }
    expect(await sweepStrays(db.pool)).toBe(0);
  });

  it('works off any acyclic block, whoever queues and settles beside it', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 }),
        async (graph) => {
          const prefix = `graph/${++run}`;
          const jobs = graph.map((needs, index) =>
            scene.step(`${prefix}/${index}`, 'thermocycle', {
              needs: index === 0 ? [] : [...new Set(needs.map((need) => `${prefix}/${need % index}`))],
            }),
          );
          const cut = Math.ceil(jobs.length / 2);
          await scene.enqueue(jobs.slice(0, cut));
          await Promise.all([scene.enqueue(jobs.slice(cut)), workOff(prefix, jobs.length)]);
          await workOff(prefix, jobs.length);
        },
      ),
      { numRuns: 12, seed: 7 },
    );
    expect(await sweepStrays(db.pool)).toBe(0);
  });

  it('finds a stray whose release was missed', async () => {
    await scene.enqueue([
      scene.step('stray/head', 'thermocycle'),
      scene.step('stray/tail', 'thermocycle', { needs: ['stray/head'] }),
    ]);
    await db.pool.query('delete from job_need where job_id = $1', [scene.job('stray/tail')]);
    expect(await scene.states('stray/tail')).toEqual(['blocked']);
    expect(await sweepStrays(db.pool)).toBe(1);
    expect(await scene.states('stray/tail')).toEqual(['queued']);
  });

  it('confirms handled messages in the transaction that queues the next block', async () => {
    await scene.enqueue([scene.step('told', 'thermocycle', { tellsSuccess: true, priority: 1 })]);
    await scene.run(cyclers[0] as SceneDevice);
    const message = (await scene.messages()).at(-1);
    expect(message?.payload['stepKey']).toBe('told');
    await scene.enqueue([scene.step('next', 'thermocycle', { priority: 1 })], [message?.id as string]);
    const { rows } = await db.pool.query('select handled_at is not null as handled from outbox where id = $1', [
      message?.id,
    ]);
    expect(rows).toEqual([{ handled: true }]);
  });
});
