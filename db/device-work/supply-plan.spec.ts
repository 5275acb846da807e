import fc from 'fast-check';
import type { Rack, SuppliedJob, Supply } from './supply-plan';
import { planSupply } from './supply-plan';

const rack = (barcode: string, kind: string, left: number, placeId = 'store', more: Partial<Rack> = {}): Rack => ({
  labwareId: barcode,
  barcode,
  kind,
  placeId,
  left,
  fixed: false,
  comingTo: null,
  ...more, // prettier-ignore
});
const job = (jobId: string, tips: SuppliedJob['tips'], deckId = 'deck'): SuppliedJob => ({ jobId, deckId, tips, unconfirmed: [] }); // prettier-ignore
const supply = (more: Partial<Supply>): Supply => ({
  jobs: [],
  racks: [],
  decks: [{ id: 'deck', tipRoom: 4 }],
  storePlaceId: 'store',
  wastePlaceId: 'waste',
  ...more, // prettier-ignore
});
const told = (lab: Partial<Supply>): string[] =>
  planSupply(supply(lab)).map(({ purpose, barcode, toPlaceId }) => `${purpose} ${barcode} to ${toPlaceId}`);
const p300 = (count: number): SuppliedJob['tips'] => [{ kind: 'tips-300', count }];

describe('boxes of tips', () => {
  it.each<[string, Partial<Supply>, string[]]>([
    ['brings nothing that is there', { jobs: [job('a', p300(40))], racks: [rack('R1', 'tips-300', 40, 'deck')] }, []],
    ['brings the box that is begun, when it is enough', { jobs: [job('a', p300(40))], racks: [rack('R1', 'tips-300', 96), rack('R2', 'tips-300', 50)] }, ['load R2 to deck']],
    ['brings as many as it takes', { jobs: [job('a', p300(150))], racks: [rack('R1', 'tips-300', 96), rack('R2', 'tips-300', 96)] }, ['load R2 to deck', 'load R1 to deck']],
    ['counts what is on its way', { jobs: [job('a', p300(40))], racks: [rack('R1', 'tips-300', 96, 'store', { comingTo: 'deck' })] }, []],
    ['looks ahead while there is room', { jobs: [job('a', p300(60)), job('b', p300(60))], racks: [rack('R1', 'tips-300', 96, 'deck'), rack('R2', 'tips-300', 96)] }, ['load R2 to deck']],
    ['throws an empty box away to make room', { decks: [{ id: 'deck', tipRoom: 1 }], jobs: [job('a', p300(40))], racks: [rack('R1', 'tips-300', 0, 'deck'), rack('R2', 'tips-300', 96)] }, ['unload R1 to waste', 'load R2 to deck']],
    ['puts a box back that the job does not need', { decks: [{ id: 'deck', tipRoom: 1 }], jobs: [job('a', p300(40))], racks: [rack('R1', 'tips-10', 70, 'deck'), rack('R2', 'tips-300', 96)] }, ['unload R1 to store', 'load R2 to deck']],
    ['changes a begun box for a full one', { decks: [{ id: 'deck', tipRoom: 1 }], jobs: [job('a', p300(40))], racks: [rack('R1', 'tips-300', 20, 'deck'), rack('R2', 'tips-300', 96)] }, ['unload R1 to store', 'load R2 to deck']],
    ['makes no room for later jobs', { decks: [{ id: 'deck', tipRoom: 1 }], jobs: [job('a', [{ kind: 'tips-10', count: 5 }]), job('b', p300(5))], racks: [rack('R1', 'tips-10', 70, 'deck'), rack('R2', 'tips-300', 96)] }, []],
    ['leaves a box that a device takes from', { decks: [{ id: 'deck', tipRoom: 1 }], jobs: [job('a', p300(40))], racks: [rack('R1', 'tips-10', 70, 'deck', { fixed: true }), rack('R2', 'tips-300', 96)] }, ['load R2 to deck']],
    ['brings nothing when there is none', { jobs: [job('a', p300(40))], racks: [rack('R1', 'tips-10', 96)] }, []],
    ['brings no box twice', { decks: [{ id: 'deck', tipRoom: 4 }, { id: 'other', tipRoom: 4 }], jobs: [job('a', p300(40)), job('b', p300(40), 'other')], racks: [rack('R1', 'tips-300', 96)] }, ['load R1 to deck']],
  ])('%s', (_what, lab, expected) => {
    expect(told(lab)).toEqual(expected);
  }); // prettier-ignore

  it('looks once at labware nobody has confirmed', () => {
    const plate = { labwareId: 'P1', barcode: 'P1', kind: 'pcr-96' };
    const jobs = ['a', 'b'].map((id) => ({ ...job(id, []), unconfirmed: [plate] }));
    expect(told({ jobs })).toEqual(['check P1 to deck']);
  });

  it('always ends, moves no box twice, and lets the first job have its tips when the store lasts', () => {
    const kinds = ['tips-10', 'tips-300'];
    const lab = fc.record({
      rooms: fc.integer({ min: 1, max: 4 }),
      jobs: fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 200 })), { minLength: 1, maxLength: 4 }),
      racks: fc.array(fc.tuple(fc.nat(1), fc.nat(96), fc.boolean(), fc.boolean()), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(lab, ({ rooms, jobs, racks }) => {
        const all = racks.map(([kind, left, onDeck, fixed], i) => rack(`R${i}`, kinds[kind] as string, left, onDeck ? 'deck' : 'store', { fixed })); // prettier-ignore
        const wanted = jobs.map(([kind, count], i) => job(`j${i}`, [{ kind: kinds[kind] as string, count }]));
        const moves = planSupply(supply({ decks: [{ id: 'deck', tipRoom: rooms }], jobs: wanted, racks: all }));
        expect(new Set(moves.map(({ barcode }) => barcode)).size).toBe(moves.length);
        for (const { barcode } of moves) expect(all.find((one) => one.barcode === barcode)?.fixed).toBe(false);
        const [first] = wanted as [SuppliedJob];
        const need = first.tips[0] as { kind: string; count: number };
        const gone = new Set(moves.filter(({ purpose }) => purpose === 'unload').map(({ barcode }) => barcode));
        const come = new Set(moves.filter(({ purpose }) => purpose === 'load').map(({ barcode }) => barcode));
        const own = all.filter(({ kind }) => kind === need.kind);
        const there = own.filter(({ barcode, placeId }) => come.has(barcode) || (placeId === 'deck' && !gone.has(barcode))); // prettier-ignore
        const store = own.filter(({ placeId, fixed }) => placeId === 'store' && !fixed);
        const sum = (list: readonly Rack[]): number => list.reduce((total, { left }) => total + left, 0);
        if (sum(store) >= need.count) expect(sum(there)).toBeGreaterThanOrEqual(need.count);
      }),
    );
  });
});
