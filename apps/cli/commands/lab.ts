import type { Command } from 'commander';
import type { AnnealClient } from '../../../libs/client/client';
import { DomainError } from '../../../libs/errors/domain-error';
import { openSession, type SessionOptions } from '../session';
import { addEnrolCommands } from './enrol';

interface DeviceLine {
  readonly code: string;
  readonly state: string;
  readonly stateReason?: string;
  readonly capabilities: readonly string[];
  readonly workingOn?: string;
}

interface IncidentLine {
  readonly id: string;
  readonly kind: string;
  readonly message: string;
  readonly campaign?: string;
  readonly dispatchId?: string;
  readonly groupId?: string;
}

interface JobLine {
  readonly state: string;
  readonly campaign?: string;
  readonly stepKey: string;
  readonly device?: string;
  readonly waitingFor?: string;
  readonly problem?: string;
}

/** Adds what an operator asks and decides: devices, the queue, incidents, unknown outcomes. */
export function addLabCommands(program: Command): void {
  addDeviceCommands(program);
  addEnrolCommands(program);
  addIncidentCommands(program);
  program
    .command('jobs')
    .description('the queue, open jobs first: what runs where, and what the rest waits for')
    .option('--campaign <slug>', 'of one campaign; without it, moves of the lab are shown too')
    .option('--state <state>', 'blocked, queued, leased, started, succeeded, failed, unknown or withdrawn')
    .option('--all', `every job; without it, the first ${shownJobs}`)
    .action(jobs);
}

/** Lines of `anneal jobs` without --all. */
const shownJobs = 50;

async function jobs(
  { all, ...wanted }: { campaign?: string; state?: string; all?: boolean },
  command: Command,
): Promise<void> {
  const items = await everyJob(operator(command), wanted);
  const shown = all ? items : items.slice(0, shownJobs);
  for (const job of shown) process.stdout.write(`${jobLine(job)}\n`);
  if (items.length > shown.length) process.stdout.write(`${items.length - shown.length} more: anneal jobs --all\n`);
  if (items.length === 0) process.stdout.write('no such jobs\n');
}

/** All pages of the queue. */
async function everyJob(client: AnnealClient, wanted: Readonly<Record<string, string>>): Promise<JobLine[]> {
  const items: JobLine[] = [];
  for (let next: string | undefined = ''; next !== undefined;) {
    const query = new URLSearchParams({ ...wanted, limit: '500', ...(next ? { after: next } : {}) });
    const page: { items: JobLine[]; next?: string } = await client.get(`/v1/jobs?${query.toString()}`);
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

/** Commands of the lab speak as the local operator unless told otherwise. */
function operator(command: Command): AnnealClient {
  const options = command.optsWithGlobals<SessionOptions>();
  return openSession({ ...options, role: options.role ?? 'operator' });
}

function jobLine({ state, campaign, stepKey, device, waitingFor, problem }: JobLine): string {
  const why = problem ?? waitingFor;
  return `${state.padEnd(9)} ${(device ?? '-').padEnd(10)} ${campaign ? `${campaign} ` : ''}${stepKey}${why ? ` – ${why}` : ''}`;
}

interface DeviceDecision {
  readonly reason: string;
  /** `deck,tips,door` */
  readonly cleared?: string;
}

function addDeviceCommands(program: Command): void {
  program
    .command('devices')
    .description('devices, their state and what they work on')
    .action(async (_options: unknown, command: Command) => {
      const { items } = await operator(command).get<{ items: DeviceLine[] }>('/v1/devices');
      for (const { code, state, capabilities, stateReason, workingOn } of items)
        process.stdout.write(
          `${code.padEnd(12)} ${state.padEnd(14)} ${capabilities.join(', ')}${workingOn ? ` · works on ${workingOn}` : ''}${stateReason ? ` – ${stateReason}` : ''}\n`,
        );
    });
  program
    .command('device <code> <state>')
    .description('in-service, draining, quarantined or out-of-service; in-service ends a quarantine')
    .requiredOption('--reason <text>', 'why; it is kept with your name')
    .option(
      '--cleared <items>',
      'what you have cleared, for a device that is held for it: deck,tips,door, or self-test',
    )
    .action(async (code: string, state: string, { reason, cleared }: DeviceDecision, command: Command) => {
      const json = { state, reason, ...(cleared ? { cleared: cleared.split(',') } : {}) };
      await operator(command).post(`/v1/devices/${encodeURIComponent(code)}/state`, { json });
      process.stdout.write(`${code} is ${state}\n`);
    });
}

function addIncidentCommands(program: Command): void {
  program
    .command('incidents')
    .description('what waits for a person, and the command that answers it')
    .action(async (_options: unknown, command: Command) => {
      const { items } = await operator(command).get<{ items: IncidentLine[] }>('/v1/incidents');
      for (const incident of items) process.stdout.write(`${incidentText(incident)}\n`);
      for (const line of groupLines(items)) process.stdout.write(`${line}\n`);
      if (items.length === 0) process.stdout.write('no open incidents\n');
    });
  program
    .command('close <incident>')
    .description('close an incident, after you did something about it; of a failed job: with what is to be done next')
    .argument(
      '[action]',
      'of a failed job, and then needed: retry, accept (as if it had succeeded) or give-up (its stage fails, and its campaign)',
    )
    .requiredOption('--reason <text>', 'what you found and did; it is kept with your name')
    .action(close);
  program
    .command('resolve')
    .usage('<dispatch> <happened|did-not|partly> --reason <text>, or --group <id> <happened|did-not> --reason <text>')
    .description(
      'say what really happened to a dispatch whose outcome is unknown, or to all of one group, as after a power cut',
    )
    .argument('<words...>')
    .option('--group <id>', 'all dispatches of the incidents of this group, all or none')
    .requiredOption('--reason <text>', 'how you know; it is kept with your name')
    .option('--done <ranges>', 'partly: transfers that happened, e.g. 1-40,44')
    .option('--uncertain <ranges>', 'partly: transfers that may have happened')
    .action(resolve);
}

/** What happened, and below it the command that answers it. */
export function incidentText({ id, kind, message, campaign, dispatchId }: IncidentLine): string {
  const answers: Readonly<Record<string, string>> = {
    'job-unknown': `anneal resolve ${dispatchId ?? 'DISPATCH'} happened|did-not|partly --reason WHY`,
    'job-failed': `anneal close ${id} retry|accept|give-up --reason WHY`,
  };
  const answer = answers[kind] ?? `anneal close ${id} --reason WHY`;
  return `${kind}${campaign ? ` of ${campaign}` : ''}: ${message}\n    ${answer}`;
}

/** How incidents of one cause, when there are several, are answered at once. */
export function groupLines(incidents: readonly IncidentLine[]): string[] {
  const sizes = new Map<string, number>();
  for (const { kind, groupId } of incidents)
    if (kind === 'job-unknown' && groupId) sizes.set(groupId, (sizes.get(groupId) ?? 0) + 1);
  return [...sizes]
    .filter(([, size]) => size > 1)
    .map(
      ([id, size]) =>
        `${size} of one cause, if the same became of all: anneal resolve --group ${id} happened|did-not --reason WHY`,
    );
}

const followUps: Readonly<Record<string, string>> = {
  retry: '; a failed job is done again',
  accept: '; its job counts as done',
  'give-up': '; its stage fails, and its campaign with it',
};

async function close(
  id: string,
  action: string | undefined,
  { reason }: { reason: string },
  command: Command,
): Promise<void> {
  if (action && !Object.keys(followUps).includes(action))
    throw new DomainError('unknown-reference', `expected retry, accept or give-up, found "${action}"`);
  const json = { resolution: reason, ...(action ? { action } : {}) };
  await operator(command).post(`/v1/incidents/${encodeURIComponent(id)}/resolve`, { json });
  process.stdout.write(`incident ${id} is closed${followUps[action ?? ''] ?? ''}\n`);
}

interface ResolveOptions {
  readonly reason: string;
  readonly group?: string;
  readonly done?: string;
  readonly uncertain?: string;
}

async function resolve(words: readonly string[], options: ResolveOptions, command: Command): Promise<void> {
  const [dispatch, verdict] = options.group ? [undefined, ...words] : words;
  if (words.length !== (options.group ? 1 : 2))
    throw new DomainError('missing-key', 'expected DISPATCH VERDICT, or --group ID VERDICT');
  const json = {
    verdict,
    reason: options.reason,
    ...(options.done ? { done: parseRanges(options.done) } : {}),
    ...(options.uncertain ? { uncertain: parseRanges(options.uncertain) } : {}),
  };
  const client = operator(command);
  if (options.group) return resolveGroup(client, options.group, json);
  const path = `/v1/dispatches/${encodeURIComponent(dispatch ?? '')}/resolution`;
  const answer = await client.post<{ state: string }>(path, { json });
  process.stdout.write(`dispatch ${dispatch} is ${answer.state}\n`);
}

async function resolveGroup(client: AnnealClient, group: string, json: object): Promise<void> {
  const { items } = await client.get<{ items: IncidentLine[] }>('/v1/incidents?limit=500');
  const dispatchIds = items.flatMap(({ kind, groupId, dispatchId }) =>
    kind === 'job-unknown' && groupId === group && dispatchId ? [dispatchId] : [],
  );
  if (dispatchIds.length === 0) throw new DomainError('not-found', `no open incident is of group ${group}`);
  const answer = await client.post<{ settled: number; state: string }>('/v1/resolutions', {
    json: { ...json, dispatchIds },
  });
  process.stdout.write(`${answer.settled} dispatches are ${answer.state}\n`);
}

/** `1-40,44` as inclusive ranges. */
export function parseRanges(text: string): [number, number][] {
  return text.split(',').map((part) => {
    const [first, last] = part.split('-').map(Number);
    if (!Number.isInteger(first) || (last !== undefined && !Number.isInteger(last)))
      throw new DomainError('wrong-type', `expected ranges such as 1-40,44, found "${text}"`);
    return [first as number, last ?? (first as number)];
  });
}
