import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { AnnealClient } from '../../../libs/client/client';
import type { CampaignView } from '../../../libs/report/campaign-view';
import { hasEnded, ProgressDisplay, progressLine } from '../progress';
import { openSession, type SessionOptions } from '../session';
import { asText, readBytes, tellRefusal, validateCampaignFile } from './validate';

/** Adds validate, submit, watch, list, report and the decisions. */
export function addCampaignCommands(program: Command): void {
  program
    .command('validate <file>')
    .description('check a campaign file and say everything that is wrong with it; nothing is stored')
    .action(validate);
  program
    .command('submit <file>')
    .description('submit a campaign file')
    .option('--watch', 'show progress until it ends')
    .option('--key <key>', 'idempotency key; the same key and file give the same campaign')
    .action(submit);
  program.command('watch <campaign>').description('show progress until it ends').action(watch);
  program.command('list').description('campaigns, newest first').action(list);
  program
    .command('report <campaign>')
    .description('what it found: winners, where the tubes are, how it got there')
    .option('--format <format>', 'text, json, csv (constructs), wells (csv), genbank or html', 'text')
    .option('--out <file>', 'write to a file instead of the terminal')
    .action(report);
  for (const kind of ['pause', 'resume', 'abort', 'approve'] as const)
    program
      .command(`${kind} <campaign>`)
      .description(decisionText[kind])
      .requiredOption('--reason <text>', 'why; it is kept with your name')
      .option('--gate <gate>', 'approve: which gate, e.g. next-round')
      .action((slug: string, options: { reason: string; gate?: string }, command: Command) =>
        decide(kind, slug, options, command),
      );
}

const decisionText = {
  pause: 'start nothing more; what runs ends',
  resume: 'go on after a pause',
  abort: 'end it: open work is withdrawn, results are kept',
  approve: 'let it through a gate',
} as const;

const sessionOf = (command: Command): AnnealClient => openSession(command.optsWithGlobals<SessionOptions>());

async function validate(file: string, _options: unknown, command: Command): Promise<void> {
  const ask = (text: string): Promise<unknown> =>
    sessionOf(command).post('/v1/campaigns/validate', { text, contentType: 'text/yaml' });
  if (!(await validateCampaignFile(file, ask, process.stdout, process.stderr))) process.exitCode = 1;
}

async function submit(file: string, options: { watch?: boolean; key?: string }, command: Command): Promise<void> {
  const client = sessionOf(command);
  const bytes = readBytes(file);
  try {
    const accepted = await client.post<{ slug: string; revision: number }>('/v1/campaigns', {
      bytes,
      contentType: 'text/yaml',
      idempotencyKey: options.key ?? randomUUID(),
    });
    process.stdout.write(`submitted ${accepted.slug}, revision ${accepted.revision}\n`);
    if (options.watch) await follow(client, accepted.slug);
  } catch (error) {
    if (!tellRefusal(error, file, asText(bytes), process.stderr)) throw error;
    process.exitCode = 1;
  }
}

const watch = (slug: string, _options: unknown, command: Command): Promise<void> => follow(sessionOf(command), slug);

async function follow(client: AnnealClient, slug: string): Promise<void> {
  const display = new ProgressDisplay(process.stdout);
  const view = await followCampaign(client, slug, (seen) => display.show(seen));
  display.end();
  process.stdout.write(`${view.slug} ${view.status}${view.reason ? `: ${view.reason}` : ''}\n`);
  process.stdout.write(await client.text(`/v1/campaigns/${slug}/report?format=text`));
  if (view.status !== 'finished') process.exitCode = 1;
}

/** Polls a campaign until it ends; an api that is away for a while is waited for. */
export async function followCampaign(
  client: AnnealClient,
  slug: string,
  show: (view: CampaignView) => void,
  options: { readonly everyMs?: number; readonly signal?: AbortSignal } = {},
): Promise<CampaignView> {
  for (;;) {
    options.signal?.throwIfAborted();
    const view = await client.get<CampaignView>(`/v1/campaigns/${slug}`).catch((error: unknown) => passing(error));
    if (view) show(view);
    if (view && hasEnded(view)) return view;
    await pause(options.everyMs ?? 500, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** A fault that passes by itself (no connection, 5xx) is waited out; a refusal is not. */
function passing(error: unknown): undefined {
  const status = (error as { problem?: { status: number } }).problem?.status;
  if (status !== undefined && status < 500) throw error;
  return undefined;
}

async function list(_options: unknown, command: Command): Promise<void> {
  const { items } = await sessionOf(command).get<{ items: CampaignView[] }>('/v1/campaigns');
  for (const view of items) process.stdout.write(`${view.status.padEnd(9)} ${progressLine(view)}\n`);
  if (items.length === 0) process.stdout.write('no campaigns yet: anneal submit campaign.yaml\n');
}

async function report(slug: string, options: { format: string; out?: string }, command: Command): Promise<void> {
  const text = await sessionOf(command).text(
    `/v1/campaigns/${slug}/report?format=${encodeURIComponent(options.format)}`,
  );
  if (!options.out) return void process.stdout.write(text);
  writeFileSync(options.out, text);
  process.stdout.write(`wrote ${options.out}\n`);
}

async function decide(
  kind: 'pause' | 'resume' | 'abort' | 'approve',
  slug: string,
  options: { reason: string; gate?: string },
  command: Command,
): Promise<void> {
  const answer = await sessionOf(command).post<{ state: string; refusal?: string }>(`/v1/campaigns/${slug}/decisions`, {
    json: { kind, reason: options.reason, requestId: randomUUID(), ...(options.gate ? { gate: options.gate } : {}) },
  });
  const text = {
    applied: 'done',
    pending: 'recorded; it takes effect when the workflow hears of it',
    refused: `refused: ${answer.refusal}`,
  };
  process.stdout.write(`${kind} ${slug}: ${text[answer.state as keyof typeof text]}\n`);
  if (answer.state === 'refused') process.exitCode = 1;
}
