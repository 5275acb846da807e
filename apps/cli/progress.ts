import type { CampaignView } from '../../libs/report/campaign-view';

/** One line that says where a campaign stands: round, stage, lab day, jobs, wells, best so far. */
export function progressLine(view: CampaignView): string {
  const round = view.kind === 'confirm' ? 'confirm round' : `round ${view.round}/${view.maxRounds}`;
  const best = view.best ? `best ${formatScore(view.best.score)} ${view.best.name}` : 'nothing measured yet';
  const unknown = view.jobs.unknown ? `, ${view.jobs.unknown} unknown` : '';
  return [
    view.slug,
    view.round === 0 || hasEnded(view) ? view.status : `${round} · ${view.stage ?? 'between stages'}`,
    `lab day ${view.labDay.toFixed(1)}`,
    `${view.jobs.done} ${view.jobs.done === 1 ? 'job' : 'jobs'} done, ${view.jobs.open} open${unknown}`,
    `${view.wellsRead} ${view.wellsRead === 1 ? 'well' : 'wells'} read`,
    best,
    ...waits(view),
  ].join(' · ');
}

/** Whether nothing more will happen to a campaign. */
export const hasEnded = ({ status }: CampaignView): boolean => ['finished', 'aborted', 'failed'].includes(status);

/** What a person has to do before it goes on. */
function waits(view: CampaignView): string[] {
  if (hasEnded(view)) return [];
  const { slug, status, pendingApprovals, openIncidents } = view;
  const incidents = openIncidents.length;
  return [
    ...(status === 'paused' ? [`paused: anneal resume ${slug} --reason WHY`] : []),
    ...pendingApprovals.map(
      ({ gate, role }) => `waits for approval by ${role}: anneal approve ${slug} --gate ${gate} --reason WHY`,
    ),
    ...(incidents > 0
      ? [`${incidents} ${incidents === 1 ? 'incident waits' : 'incidents wait'} for a person: anneal incidents`]
      : []),
  ];
}

/** Four significant digits. */
export const formatScore = (score: number): string => String(Number(score.toPrecision(4)));

/** Share of the rounds that is done, for a bar: stages count a quarter each. */
export function progressShare(view: CampaignView): number {
  if (hasEnded(view)) return 1;
  const stages = ['design', 'build', 'test', 'learn'];
  const stage = Math.max(0, stages.indexOf(view.stage ?? 'design'));
  const total = view.maxRounds + 1;
  return Math.min(0.99, Math.max(0, view.round - 1 + stage / 4) / total);
}

/** Writes lines for people: redraws one bar on a terminal, prints a line per change elsewhere. */
export class ProgressDisplay {
  private last = '';
  private lastKey = '';

  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly quiet = false,
  ) {}

  /** Shows where the campaign stands. */
  show(view: CampaignView): void {
    if (this.quiet) return;
    const line = progressLine(view);
    if (this.out.isTTY) return this.redraw(`${bar(progressShare(view))} ${line}`);
    const key = [view.status, view.round, view.stage, ...waits(view)].join('/');
    if (key === this.lastKey) return;
    this.lastKey = key;
    this.out.write(`${line}\n`);
  }

  /** Ends the bar's line, so that what follows starts on its own. */
  end(): void {
    if (this.last) this.out.write('\n');
    this.last = '';
  }

  private redraw(line: string): void {
    const cut = line.slice(0, Math.max(20, (this.out.columns ?? 120) - 1));
    if (cut === this.last) return;
    this.out.write(`\r\u001b[2K${cut}`);
    this.last = cut;
  }
}

const bar = (share: number): string => {
  const filled = Math.round(share * 20);
  return `[${'█'.repeat(filled)}${'░'.repeat(20 - filled)}]`;
};
