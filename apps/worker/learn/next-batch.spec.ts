import { parseCampaign, shippedContext } from '../../../libs/campaign/document/parse-campaign';
import { exampleCampaignText } from '../../../libs/campaign/library/examples';
import type { Design, DesignStatus } from '../../../db/science/constructs';
import type { RoundFacts } from '../../../db/science/round-facts';
import type { Measured } from './measured';
import { batchRequest, nextBatch } from './next-batch';
import { partEffects } from './part-effects';
import { InlineScience } from './science';

const facts = ((): RoundFacts => {
  const parsed = parseCampaign(exampleCampaignText('single-unit'), shippedContext());
  if (!parsed.ok) throw new Error('the example does not validate');
  const { campaign } = parsed;
  return { tenantId: 't', siteId: 's', campaignId: 'c', slug: 'x', round: 1, kind: 'explore', campaign, pins: {}, systemActorId: 'a', labNow: new Date(0) }; // prettier-ignore
})();

const design = (designIndex: number, status: DesignStatus): Design => ({ designIndex, status, round: 1, position: designIndex, constructId: `c${designIndex}`, name: `n${designIndex}`, choice: {}, arm: 'maximin' }); // prettier-ignore
const measured = (indices: readonly number[], others: readonly Design[] = []): Measured => {
  const designs = [...indices.map((index) => design(index, 'measured')), ...others];
  const observations = indices.map((index) => ({ index, round: 1, design: design(index, 'measured'), readouts: { gfp_per_od: { mean: 100 + index * 10, n: 3 } } })); // prettier-ignore
  return { designs, observations, kinds: new Map([[1, 'explore']]) };
};

describe('the question to the learner', () => {
  it('tells failures by their kind and bars what is neither measured nor failed', () => {
    const others = [design(20, 'failed-transformation'), design(21, 'failed-growth'), design(22, 'held'), design(23, 'failed-assembly')]; // prettier-ignore
    const request = batchRequest(facts, measured([0, 7], others));
    expect(request).toMatchObject({
      space: { radices: [6, 6, 1, 1] },
      failed: [{ index: 20, kind: 'transformation' }, { index: 21, kind: 'no-growth' }], // prettier-ignore
      exclude: [22, 23],
      seed: `${facts.campaign.seed}/r2`,
      batch: 12,
    });
  });
});

describe('the next batch', () => {
  const science = new InlineScience();

  it('proposes designs nobody has proposed, with predictions, the same every time', async () => {
    const known = measured([0, 7, 14, 21, 28, 35]);
    const batch = await nextBatch(science, facts, known);
    expect(batch.picks).toHaveLength(12);
    expect(batch.picks.some(({ index }) => index % 7 === 0)).toBe(false);
    expect(batch.picks.every(({ predicted }) => predicted?.['gfp_per_od'] !== undefined)).toBe(true);
    expect(await nextBatch(science, facts, known)).toEqual(batch);
  });

  it('draws at random where too little is measured', async () => {
    const { picks } = await nextBatch(science, facts, measured([3], [design(4, 'failed-sequence')]));
    expect(picks).toHaveLength(12);
    expect(picks.map(({ arm }) => arm)).toEqual(new Array(12).fill('random'));
    expect(picks.some(({ index }) => index === 3 || index === 4)).toBe(false);
  });

  it('is empty, with a warning, when the library is used up', async () => {
    const everything = Array.from({ length: 36 }, (_, index) => design(index, 'failed-sequence'));
    expect(await nextBatch(science, facts, measured([], everything))).toMatchObject({
      picks: [],
      warnings: [/used up/],
    });
  });
});

describe('part effects', () => {
  it('are the mean score with each option, less the mean of all', () => {
    const scored = [
      { choice: { p: 'a', r: 'x' }, score: 1 },
      { choice: { p: 'a', r: 'y' }, score: 3 },
      { choice: { p: 'b', r: 'x' }, score: 8 },
    ];
    expect(partEffects(scored)).toEqual([
      { slot: 'p', option: 'a', mean: 2, effect: -2, constructs: 2 },
      { slot: 'r', option: 'x', mean: 4.5, effect: 0.5, constructs: 2 },
      { slot: 'r', option: 'y', mean: 3, effect: -1, constructs: 1 },
      { slot: 'p', option: 'b', mean: 8, effect: 4, constructs: 1 },
    ]);
    expect(partEffects([])).toEqual([]);
  });
});
