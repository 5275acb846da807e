import { conclude } from './flatness';
import type { IdleSample } from './flatness';

const steady: IdleSample = {
  atSeconds: 0,
  apiCpuPercent: 12,
  apiRssMb: 150,
  postgresCpuPercent: 8,
  postgresConnections: 21,
  requestsPerSecond: 100,
};
const twenty = (change: (index: number) => Partial<IdleSample>): IdleSample[] =>
  Array.from({ length: 20 }, (_, index) => ({ ...steady, ...change(index) }));

describe('idling', () => {
  it.each<[string, (index: number) => Partial<IdleSample>, boolean]>([
    ['is flat when nothing changes', () => ({}), true],
    ['may warm up', (index) => (index < 5 ? { apiCpuPercent: 90, apiRssMb: 300 } : {}), true],
    [
      'is flat when every other sample is busier',
      (index) => ({ apiCpuPercent: index % 2 ? 9 : 15, requestsPerSecond: index % 2 ? 83 : 117 }),
      true,
    ],
    ['is not flat when memory creeps', (index) => ({ apiRssMb: 150 + 2 * index }), false],
    ['is not flat when CPU creeps', (index) => ({ apiCpuPercent: 12 + index / 3 }), false],
    ['is not flat when connections are left behind', (index) => ({ postgresConnections: 21 + index }), false],
  ])('%s', (_, change, flat) => {
    expect(conclude(twenty(change)).flat).toBe(flat);
  });

  it('tells peaks of the warm-up, too', () => {
    const found = conclude(twenty((index) => (index === 0 ? { apiRssMb: 400 } : {})));
    expect(found['apiRssMb']).toEqual({ first: 150, last: 150, peak: 400 });
  });
});
