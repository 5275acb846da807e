import type { Campaign, Library, Reaction } from '../campaign/campaign';
import { loadCollection } from '../dna/collections/collection';

/** Collection the example draws on. */
export const collection = loadCollection('cidar-moclo', '1');

const promoters = ['J23100', 'J23102', 'J23103', 'J23106', 'R0063'];
const ribosomeSites = ['B0032m_BC', 'B0034m_BC', 'BCD2_BC'];

/** Two units, five promoters and three RBS each: 225 designs, of which those with R0063_AB do not assemble. */
export const library: Library = {
  collection: { id: 'cidar-moclo', version: '1' },
  slots: [
    { id: 'P1', role: 'SO:0000167', position: ['A', 'B'], options: promoters.map((id) => `${id}_AB`) },
    { id: 'R1', role: 'SO:0000139', position: ['B', 'C'], options: ribosomeSites },
    { id: 'C1', role: 'SO:0000316', position: ['C', 'D'], options: ['E0040m_CD'] },
    { id: 'T1', role: 'SO:0000141', position: ['D', 'E'], options: ['B0015_DE'] },
    { id: 'P2', role: 'SO:0000167', position: ['E', 'B'], options: promoters.map((id) => `${id}_EB`) },
    { id: 'R2', role: 'SO:0000139', position: ['B', 'C'], options: ribosomeSites },
    { id: 'C2', role: 'SO:0000316', position: ['C', 'D'], options: ['E1010m_CD'] },
    { id: 'T2', role: 'SO:0000141', position: ['D', 'F'], options: ['B0015_DF'] },
  ],
  rules: [],
  mustInclude: [],
};

const volumes = { volumeUl: 5, fmolPerPart: 20 };
const method = 'golden-gate';

/** Both units by BsaI, joined by BbsI. */
export const reactions: readonly Reaction[] = [
  {
    id: 'tu1',
    level: 1,
    method,
    enzyme: 'BsaI',
    backbone: 'DVK_AE',
    slots: ['P1', 'R1', 'C1', 'T1'],
    inputs: [],
    ...volumes,
  },
  {
    id: 'tu2',
    level: 1,
    method,
    enzyme: 'BsaI',
    backbone: 'DVK_EF',
    slots: ['P2', 'R2', 'C2', 'T2'],
    inputs: [],
    ...volumes,
  },
  { id: 'final', level: 2, method, enzyme: 'BbsI', backbone: 'DVA_AF', slots: [], inputs: ['tu1', 'tu2'], ...volumes },
];

/** The parts of a campaign the design stage reads. */
export function campaignWith(changes: Partial<Library> = {}, plan: readonly Reaction[] = reactions): Campaign {
  const assembly = { standard: { id: 'cidar-moclo', version: '1' }, reactions: plan };
  return { library: { ...library, ...changes }, assembly } as unknown as Campaign;
}
