import type { CampaignView } from '../../libs/report/campaign-view';
import { ProgressDisplay, progressLine, progressShare } from './progress';

const view: CampaignView = {
  slug: 'demo',
  title: 'Demo',
  status: 'running',
  revision: 1,
  round: 2,
  maxRounds: 4,
  kind: 'explore',
  stage: 'build',
  labDay: 5.94,
  jobs: { done: 53, open: 3, unknown: 0 },
  wellsRead: 28,
  constructsMeasured: 8,
  waitingFor: [],
  openIncidents: [],
  pendingApprovals: [],
  createdAt: '2026-01-05T08:00:00.000Z',
};
const incident = { id: 'i', kind: 'job-unknown', message: 'sealer-1 fell silent' };
const begun = 'demo · round 2/4 · build · lab day 5.9 · 53 jobs done, 3 open';

describe('progressLine', () => {
  it.each<[string, Partial<CampaignView>, string]>([
    ['a round under way', {}, `${begun} · 28 wells read · nothing measured yet`],
    ['the best so far', { best: { name: 'X', score: 0.81234 } }, `${begun} · 28 wells read · best 0.8123 X`],
    ['unknown jobs', { jobs: { done: 53, open: 3, unknown: 1 } }, `${begun}, 1 unknown · 28 wells read · nothing measured yet`],
    ['a gate', { pendingApprovals: [{ gate: 'next-round', role: 'pi' }] }, `${begun} · 28 wells read · nothing measured yet · waits for approval by pi: anneal approve demo --gate next-round --reason WHY`],
    ['incidents', { openIncidents: [incident] }, `${begun} · 28 wells read · nothing measured yet · 1 incident waits for a person: anneal incidents`],
    ['an ended campaign', { status: 'finished', openIncidents: [incident] }, 'demo · finished · lab day 5.9 · 53 jobs done, 3 open · 28 wells read · nothing measured yet'],
    ['a pause', { status: 'paused' }, `${begun} · 28 wells read · nothing measured yet · paused: anneal resume demo --reason WHY`],
  ])('tells %s', (_what, change, line) => {
    expect(progressLine({ ...view, ...change })).toBe(line);
  }); // prettier-ignore
});

describe('progressShare', () => {
  it('grows with rounds and stages, and is whole only at the end', () => {
    const shares = [1, 2, 3].flatMap((round) =>
      ['design', 'build', 'test', 'learn'].map((stage) => progressShare({ ...view, round, stage })),
    );
    expect(shares).toEqual([...new Set(shares)].sort((a, b) => a - b));
    expect(progressShare({ ...view, round: 9 })).toBeLessThan(1);
    expect(progressShare({ ...view, status: 'failed' })).toBe(1);
  });
});

describe('ProgressDisplay away from a terminal', () => {
  it('writes a line when the stage changes or a person is needed, and not otherwise', () => {
    const lines: string[] = [];
    const display = new ProgressDisplay({ isTTY: false, write: (line: string) => lines.push(line) } as never);
    display.show(view);
    display.show({ ...view, jobs: { done: 54, open: 2, unknown: 0 } });
    display.show({ ...view, openIncidents: [incident] });
    display.show({ ...view, stage: 'test' });
    expect(lines).toHaveLength(3);
  });
});
