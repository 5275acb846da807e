import fc from 'fast-check';
import type { ApiRequest } from '../../apps/agent/ports';
import { generatorFor } from '../../libs/random/generator';
import { AgentScene } from './agent-scene';
import { itsOutcome } from './counting-instrument';

const jobs = ['first', 'second', 'third'];

/** An agent whose machine loses its power at one request to the api; everything unsynced may be lost or torn. */
async function throughPowerLoss(seed: string, at: number, moment: 'before' | 'after'): Promise<AgentScene> {
  const scene = new AgentScene(jobs);
  const rng = generatorFor('power loss', seed);
  let requests = 0;
  let isCut = false;
  const cut = new Promise<void>((resolve) => {
    scene.between = async (request: ApiRequest, send) => {
      const last = ++requests === at;
      if (isCut) return new Promise<never>(() => undefined);
      if (!last) return send(request);
      if (moment === 'after') await send(request);
      isCut = true;
      scene.files = scene.files.powerLoss(rng);
      resolve();
      return new Promise<never>(() => undefined);
    };
  });
  await scene.begin();
  let over = false;
  void cut.then(() => (over = true));
  await scene.clock.until(() => over || scene.api.settled);
  if (!over) return scene;
  scene.api.deviceDied();
  scene.between = (request, send) => send(request);
  await scene.begin();
  await scene.settled();
  return scene;
}

describe('an agent whose machine loses its power', () => {
  it('triggers no dispatch twice and reports each as its instrument knows it, wherever that happens', async () => {
    const moment = fc.constantFrom('before' as const, 'after' as const);
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 8 }), fc.integer({ min: 1, max: 24 }), moment, async (seed, at, when) => {
        const { api, adapter } = await throughPowerLoss(seed, at, when);
        for (const { id, state, outcome } of api.dispatches) {
          const triggers = adapter.triggers.filter((one) => one === id).length;
          expect(triggers).toBeLessThanOrEqual(1);
          expect([id, state]).toEqual([id, triggers === 1 ? 'succeeded' : 'failed']);
          if (triggers === 1) expect(outcome).toEqual(itsOutcome);
        }
        expect(new Set(adapter.triggers).size).toBeGreaterThanOrEqual(jobs.length - 1);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
