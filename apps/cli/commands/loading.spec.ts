import { loadingText } from './loading';

describe('the loading list', () => {
  it('says when, what and for which jobs, one line each', () => {
    const until = '2026-01-05T20:00:00.000Z';
    const item = { action: 'load', what: '2 boxes p300', by: '2026-01-05T08:00:00.000Z' };
    expect(loadingText({ until, items: [{ ...item, jobs: ['r1/a', 'r1/b'], jobCount: 2 }] })).toBe(
      '2026-01-05 08:00 load    2 boxes p300 – for r1/a and 1 more\n',
    );
    expect(loadingText({ until, items: [] })).toBe('nothing to load until 2026-01-05 20:00 lab time\n');
  });
});
