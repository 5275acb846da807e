import { percentiles } from './percentiles';
import { Tally } from './tally';

const queued = { key: 'a', calledAt: 1, readyAt: 3, committedAt: 4 };
const seen = { key: 'a', dispatchId: 'd', device: 'arm-1', askedAt: 0, heldAt: 9, settledAt: 11 };

describe('a tally of jobs', () => {
  it('tells what is still to be done, what was done twice, and how long it took from three beginnings', () => {
    const tally = new Tally();
    tally.add(queued);
    tally.add({ ...queued, key: 'b' });
    expect([tally.open, tally.doubled]).toEqual([2, 0]);
    tally.done([seen]);
    expect([tally.open, tally.doubled]).toEqual([1, 0]);
    tally.done([{ ...seen, device: 'arm-2' }]);
    expect([tally.open, tally.doubled]).toEqual([1, 1]);
    expect(tally.latencies()).toEqual([{ fromCall: 8, fromReady: 6, fromCommitted: 5 }]);
  });

  it('knows a job that was done before its queuing was told', () => {
    const tally = new Tally();
    tally.done([seen]);
    tally.add(queued);
    expect([tally.open, tally.doubled]).toEqual([0, 0]);
  });
});

describe('percentiles', () => {
  it('are by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentiles(hundred)).toEqual({ n: 100, p50: 50, p95: 95, p99: 99, max: 100 });
    expect(percentiles([7.126])).toEqual({ n: 1, p50: 7.13, p95: 7.13, p99: 7.13, max: 7.13 });
    expect(percentiles([])).toEqual({ n: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});
