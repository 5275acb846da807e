import type { Campaign } from '../../../libs/campaign/campaign';
import { measure } from './bench-assay';
import { failedBuilds } from './bench-build';
import { demoCampaign } from './demo-campaign';
import { runSearch } from './search';
import { trueLibrary } from './true-library';

/** The demo campaign with few options per slot and small rounds. */
function smallCampaign(changes: Partial<Campaign> = {}): Campaign {
  const demo = demoCampaign();
  const slots = demo.library.slots.map((slot) => ({ ...slot, options: slot.options.slice(0, 3) }));
  const budget = { ...demo.budget, maxRounds: 2, constructsPerRound: 8, confirmTop: 2 };
  return { ...demo, library: { ...demo.library, slots, mustInclude: [] }, budget, ...changes };
}

const library = trueLibrary(smallCampaign());
const everyMember = library.members.map((_, index) => index);

describe('the bench of the demo campaign', () => {
  it('knows the whole library and its best member', () => {
    expect(library.space.size).toBe(81);
    const scores = library.members.map((member) => member!.score);
    expect(library.best.score).toBe(Math.max(...scores));
    expect(scores[library.best.index]).toBe(library.best.score);
  });

  it.each(['plate-endpoint', 'plate-kinetic'])('measures what is true, on average, by %s', (id) => {
    const { assay } = library.campaign;
    const readouts = assay.readouts.map((readout) => ({ ...readout, odWindow: [0.15, 0.6] as const }));
    const campaign = smallCampaign({ assay: { ...assay, protocol: { id, version: '1' }, readouts } });
    const members = [0, 13, 40];
    const run = { library: { ...library, campaign }, seed: 1, lot: 'mean', members, culturesPerMember: 60 };
    const measurements = measure(run);
    expect(measurements).toHaveLength(members.length * readouts.length);
    for (const { id: index, readout, mean, n } of measurements) {
      const truth = library.members[Number(index)]!.readouts[readout]!;
      expect(n).toBeGreaterThan(45);
      expect(Math.abs(mean! / truth - 1)).toBeLessThan(0.03);
    }
  });

  it('loses a reaction as often as the lab does, and more rarely with a second attempt', () => {
    const failuresWith = (attempts: number): number => {
      const campaign = smallCampaign({ build: { ...library.campaign.build, clonesPerDesign: 4, attempts } });
      const lots = Array.from({ length: 20 }, (_, lot) =>
        failedBuilds({ ...library, campaign }, everyMember, `${lot}`),
      );
      return lots.flat().length / (20 * everyMember.length);
    };
    const once = failuresWith(1);
    expect(once).toBeGreaterThan(0.06);
    expect(once).toBeLessThan(0.13);
    expect(failuresWith(2)).toBeLessThan(once / 4);
  });

  it('repeats itself on the same seed and not on another', () => {
    const first = runSearch({ library, arm: 'loop', seed: 1 });
    expect(runSearch({ library, arm: 'loop', seed: 1 })).toEqual(first);
    const others = [2, 3].map((seed) => runSearch({ library, arm: 'loop', seed }));
    expect(others.map(({ course }) => course)).not.toEqual(others.map(() => first.course));
    expect(first.regret).toBeGreaterThanOrEqual(0);
    expect(first.isBest).toBe(first.recommended === library.best.index);
  });
});
