import { isDomainError } from '../errors/domain-error';
import { readGenotype } from '../dna/genotype';
import { assembleDesign } from './construct';
import { screenLibrary } from './screen';
import { designSpace } from './space';
import { campaignWith, collection, library, reactions } from './two-colour.fixture';

const campaign = campaignWith();
const choice = designSpace(library).designAt(designSpace(library).size - 46);

function refusalOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    if (isDomainError(error)) return { code: error.code, ...error.details };
  }
  return undefined;
}

describe('assembleDesign', () => {
  it('makes both units and the construct, and the construct reads as the design', () => {
    const { units, construct } = assembleDesign(campaign, collection, choice);
    expect(units.map(({ reactionId, backbone }) => [reactionId, backbone])).toEqual([
      ['tu1', 'DVK_AE'],
      ['tu2', 'DVK_EF'],
    ]);
    const { units: genes, backbone } = readGenotype(construct.sequence, collection);
    expect(
      genes.flatMap(({ promoter, rbs, cds, terminator }) => [promoter, rbs, cds, terminator]).map((m) => m?.part),
    ).toEqual(Object.values(choice));
    expect(backbone?.part).toBe('DVA_AF');
  });

  it('gives designs that share a unit the same unit', () => {
    const other = { ...choice, P2: 'J23100_EB' };
    const [a, b] = [choice, other].map((design) => assembleDesign(campaign, collection, design));
    expect(b?.units[0]).toBe(a?.units[0]);
    expect(b?.units[1]?.hash).not.toBe(a?.units[1]?.hash);
    expect(b?.construct.hash).not.toBe(a?.construct.hash);
  });

  it('makes the construct itself of a plan with one reaction', () => {
    const single = campaignWith({ slots: library.slots.slice(0, 4) }, reactions.slice(0, 1));
    const { units, construct } = assembleDesign(single, collection, choice);
    expect([units, construct.reactionId]).toEqual([[], 'tu1']);
  });

  it('names reaction and part of a refusal, the second time too', () => {
    const bad = { ...choice, P1: 'R0063_AB' };
    const expected = { code: 'assembly-refused', reason: 'internal-site', part: 'R0063_AB', reactionId: 'tu1' };
    for (let time = 0; time < 2; time++) {
      expect(refusalOf(() => assembleDesign(campaign, collection, bad))).toMatchObject(expected);
    }
  });

  it('refuses units that do not fit the vector of the second level', () => {
    const plan = reactions.map((reaction) =>
      reaction.id === 'final' ? { ...reaction, backbone: 'DVA_AE' } : reaction,
    );
    const refusal = refusalOf(() => assembleDesign(campaignWith({}, plan), collection, choice));
    expect(refusal).toMatchObject({ code: 'assembly-refused', reason: 'part-left-out', reactionId: 'final' });
  });
});

describe('screenLibrary', () => {
  it('accounts for every design by rule, reason and culprit', () => {
    const rules = [{ forbid: { P1: ['J23100_AB'], R1: ['BCD2_BC'] }, reason: 'too strong' }];
    const screen = screenLibrary(campaignWith({ rules }), collection);
    expect(screen).toMatchObject({ size: 225, forbidden: 15, refused: 45, assembled: 165, distinctConstructs: 165 });
    expect(screen.refusals).toMatchObject([{ reason: 'internal-site', part: 'R0063_AB', count: 45 }]);
    const space = designSpace(library);
    expect(screen.feasible(space.indexOf(choice))).toBe(true);
    expect(screen.feasible(space.indexOf({ ...choice, P1: 'R0063_AB' }))).toBe(false);
  });
});
