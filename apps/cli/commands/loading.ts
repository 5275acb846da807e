import type { Command } from 'commander';
import { openSession, type SessionOptions } from '../session';

/** The list as the api answers it. */
export interface LoadingList {
  readonly until: string;
  readonly items: readonly LoadingLine[];
}

interface LoadingLine {
  readonly action: string;
  readonly what: string;
  readonly by: string;
  readonly jobs: readonly string[];
  readonly jobCount: number;
}

/** Adds `anneal loading`: what must be loaded, moved or refilled before the coming jobs can run. */
export function addLoadingCommand(program: Command): void {
  program
    .command('loading')
    .description(
      'what must be loaded, moved, refilled or replaced for the jobs of the coming hours, the most pressing first',
    )
    .option('--hours <hours>', 'how far to look ahead, in lab time', '12')
    .action(async ({ hours }: { hours: string }, command: Command) => {
      const options = command.optsWithGlobals<SessionOptions>();
      const client = openSession({ ...options, role: options.role ?? 'operator' });
      const list = await client.get<LoadingList>(`/v1/loading?hours=${encodeURIComponent(hours)}`);
      process.stdout.write(loadingText(list));
    });
}

/** The list as people read it, one line per thing. */
export function loadingText({ until, items }: LoadingList): string {
  if (items.length === 0) return `nothing to load until ${minute(until)} lab time\n`;
  return items
    .map(({ action, what, by, jobs, jobCount }) => {
      const others = jobCount > 1 ? ` and ${jobCount - 1} more` : '';
      return `${minute(by)} ${action.padEnd(7)} ${what} – for ${jobs[0] ?? 'a job'}${others}\n`;
    })
    .join('');
}

const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ');
