import type { CampaignProgress, Learned, RoundProgress } from './campaign.activities';
import { nextRound } from './next-round';

const goOn: Learned = { stop: false, reason: 'worth another round', nextKind: 'explore' };
const stop: Learned = { stop: true, reason: 'good enough', nextKind: 'confirm' };
const finished = (number: number, learned: Learned, kind: RoundProgress['kind'] = 'explore'): RoundProgress => ({
  ...{ number, kind, status: 'finished', learned },
  completed: ['design', 'build', 'test', 'learn'],
});
const campaign = (rounds: RoundProgress[], limits: Partial<CampaignProgress> = {}): CampaignProgress => ({
  ...{ status: 'running', maxRounds: 3, confirmTop: 2, gates: [], approved: [], rounds },
  ...limits,
});

describe('the next round', () => {
  it.each([
    ['begins with exploring', campaign([]), { number: 1, kind: 'explore', fresh: true }],
    ['explores again while it is worth it', campaign([finished(1, goOn)]), { number: 2, kind: 'explore', fresh: true }],
    ['confirms when Learn stops', campaign([finished(1, stop)]), { number: 2, kind: 'confirm', fresh: true }],
    [
      'confirms when the rounds are used up',
      campaign([1, 2, 3].map((n) => finished(n, goOn))),
      { number: 4, kind: 'confirm' },
    ],
    [
      'is none when nothing is to be confirmed',
      campaign([finished(1, stop)], { confirmTop: 0 }),
      { finished: 'good enough' },
    ],
    [
      'is none after confirming',
      campaign([finished(1, stop), finished(2, goOn, 'confirm')]),
      { finished: 'good enough' },
    ],
    [
      'says so when the rounds are used up and nothing is to be confirmed',
      campaign([finished(1, goOn)], { maxRounds: 1, confirmTop: 0 }),
      { finished: 'all 1 explore rounds are done' },
    ],
    [
      'is the open one, after its completed stages',
      campaign([finished(1, goOn), { number: 2, kind: 'explore', status: 'running', completed: ['design'] }]),
      { number: 2, kind: 'explore', completed: ['design'], fresh: false },
    ],
  ])('%s', (_what, progress, expected) => {
    expect(nextRound(progress)).toMatchObject(expected);
  });
});
