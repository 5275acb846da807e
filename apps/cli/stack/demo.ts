import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Pool } from 'pg';
import { voidedSamples, type Voided } from '../../../db/report/voided';
import { AnnealClient } from '../../../libs/client/client';
import type { CampaignView } from '../../../libs/report/campaign-view';
import type { Report } from '../../../libs/report/report';
import { ownEnvironment } from '../../../libs/platform/config/variable';
import { followCampaign } from '../commands/campaign';
import { ProgressDisplay } from '../progress';
import { Chaos, type ChaosKind } from './chaos';
import { readCampaignText } from './demo-campaign';
import { readJson } from './json-file';
import { askTruth, readMotions, type TrueScores } from './lab-truth';
import { startStack, type Stack } from './stack';
import type { Tokens } from './tokens';
import { scoreTransfers } from './transfer-score';

export interface DemoOptions {
  readonly json?: boolean;
  readonly campaign?: string;
  readonly seed?: string;
  readonly chaos?: boolean | string;
  readonly dataDir?: string;
  readonly keep?: boolean;
}

/** Figures of one whole campaign, the last line of `demo --json`. */
export interface DemoFigures {
  readonly campaignId: string;
  readonly rounds: number;
  readonly labDays: number;
  readonly constructsMeasured: number;
  readonly wellsRead: number;
  /** Noise-free score of the recommended construct, asked of the lab after the end. */
  readonly best: number;
  /** The best noise-free score in the whole library. */
  readonly trueBest: number;
  readonly bestOverTrueBest: number;
  readonly transfersPlanned: number;
  readonly transfersDone: number;
  readonly transfersDoubled: number;
  readonly seconds: number;
  readonly [extra: string]: unknown;
}

/**
 * Starts everything in a folder of its own, runs one campaign to its end with progress, prints the result and stops everything.
 * @returns exit code: 0 when the campaign finished
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const began = Date.now();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const dataDir = options.dataDir ? resolve(options.dataDir) : mkdtempSync(join(tmpdir(), 'anneal-demo-'));
  const stack = await startStack({
    dataDir,
    env: { ...ownEnvironment(), LAB_SEED: options.seed ?? '1' },
    say,
  });
  try {
    const run = new DemoRun(stack, options, say);
    const figures = await run.toTheEnd(began);
    if (options.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
    return figures['status'] === 'finished' ? 0 : 1;
  } finally {
    await stack.stop();
    if (!options.dataDir && !options.keep) rmSync(dataDir, { recursive: true, force: true });
    else say(`everything of this run is kept in ${dataDir}`);
  }
}

/** SHA-256 of what was found: every construct of every round with its status and values. Equal for runs that found the same. */
function resultDigest(report: Report): string {
  const rows = report.constructs.map(({ round, name, status, values }) => [
    round,
    name,
    status,
    Object.entries(values).map(([readout, { mean, wells }]) => [readout, Number(mean.toPrecision(9)), wells]),
  ]);
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}

/** What the virtual lab knows without noise; a laboratory of glass and steel cannot be asked that. */
const truthSentence = ({ best, trueBest }: TrueScores): string =>
  Number.isNaN(best)
    ? `no construct was measured, so none is recommended; best of the library ${trueBest.toPrecision(4)} (noise-free, asked of the virtual lab)`
    : `recommended construct ${best.toPrecision(4)}, best of the library ${trueBest.toPrecision(4)} (both noise-free, asked of the virtual lab)`;

class DemoRun {
  private readonly stopped: AbortSignal;

  constructor(
    private readonly stack: Stack,
    private readonly options: DemoOptions,
    private readonly say: (line: string) => void,
  ) {
    const abort = new AbortController();
    void stack.stopped.then(() => abort.abort());
    this.stopped = abort.signal;
  }

  async toTheEnd(began: number): Promise<DemoFigures> {
    const state = this.stack.state();
    const tokens = (await readJson<Tokens>(state.tokensPath)) as Tokens;
    const client = new AnnealClient({ baseUrl: state.apiUrl, token: tokens.scientist });
    const text = readCampaignText(this.options.campaign);
    const accepted = await client.post<{ id: string; slug: string }>('/v1/campaigns', {
      text,
      contentType: 'text/yaml',
      idempotencyKey: 'demo',
    });
    this.say(`submitted ${accepted.slug}; Temporal's own view: ${state.uiUrl ?? state.temporalAddress}`);
    const chaos = this.startChaos(tokens);
    const display = new ProgressDisplay(process.stderr);
    const view = await followCampaign(client, accepted.slug, (seen) => display.show(seen), { signal: this.stopped });
    display.end();
    const trouble = await chaos?.stop();
    return this.tellResult(client, accepted, view, { began, ...(trouble ? { trouble } : {}) });
  }

  private startChaos(tokens: Tokens): Chaos | undefined {
    if (!this.options.chaos) return undefined;
    const kind: ChaosKind = this.options.chaos === 'partial' ? 'partial' : 'kill';
    return new Chaos({ kind, stack: this.stack, tokens, seed: this.options.seed ?? '1', say: this.say }).start();
  }

  private async tellResult(
    client: AnnealClient,
    accepted: { readonly id: string; readonly slug: string },
    view: CampaignView,
    run: { readonly began: number; readonly trouble?: Readonly<Record<string, unknown>> },
  ): Promise<DemoFigures> {
    const report = await client.get<Report>(`/v1/campaigns/${accepted.slug}/report?format=json`);
    this.say('');
    process.stderr.write(await client.text(`/v1/campaigns/${accepted.slug}/report?format=text`));
    if (this.options.dataDir || this.options.keep) await this.keepReport(client, accepted.slug);
    const state = this.stack.state();
    const truth = await askTruth(state.labUrl, readCampaignText(this.options.campaign), report);
    const { given, made } = await readMotions(state.labUrl);
    const transfers = scoreTransfers(given, made);
    this.say(
      `${truthSentence(truth)}; ` +
        `${transfers.transfersDone} of ${transfers.transfersPlanned} transfers done, ${transfers.transfersDoubled} doubled`,
    );
    return {
      campaignId: accepted.id,
      status: view.status,
      rounds: report.rounds.length,
      labDays: Number(report.campaign.labDays.toFixed(2)),
      constructsMeasured: view.constructsMeasured,
      wellsRead: view.wellsRead,
      best: truth.best,
      trueBest: truth.trueBest,
      bestOverTrueBest: Number((truth.best / truth.trueBest).toFixed(4)),
      resultSha256: resultDigest(report),
      ...transfers,
      ...(this.options.chaos ? await this.voided(accepted.id) : {}),
      ...run.trouble,
      seconds: Number(((Date.now() - run.began) / 1000).toFixed(1)),
    };
  }

  private async voided(campaignId: string): Promise<Voided> {
    const pool = new Pool({ connectionString: this.stack.state().databaseUrl, max: 1 });
    return voidedSamples(pool, campaignId).finally(() => pool.end());
  }

  private async keepReport(client: AnnealClient, slug: string): Promise<void> {
    const file = join(this.stack.state().logsDir, '..', `${slug}.html`);
    writeFileSync(file, await client.text(`/v1/campaigns/${slug}/report?format=html`));
    this.say(`report page: ${resolve(file)}`);
  }
}
