import type { Command } from 'commander';
import { openSession, type SessionOptions } from '../session';

interface DeviceLine {
  readonly code: string;
  readonly kind: string;
  readonly state: string;
  readonly stateReason?: string;
  readonly capabilities: readonly string[];
}

interface IncidentLine {
  readonly id: string;
  readonly kind: string;
  readonly message: string;
  readonly dispatchId?: string;
}

/** Adds what an operator asks and decides: devices, incidents, unknown outcomes. */
export function addLabCommands(program: Command): void {
  const session = (command: Command): ReturnType<typeof openSession> => {
    const options = command.optsWithGlobals<SessionOptions>();
    return openSession({ ...options, role: options.role ?? 'operator' });
  };
  program
    .command('devices')
    .description('devices and their state')
    .action(async (_options: unknown, command: Command) => {
      const { items } = await session(command).get<{ items: DeviceLine[] }>('/v1/devices');
      for (const device of items)
        process.stdout.write(
          `${device.code.padEnd(12)} ${device.state.padEnd(14)} ${device.capabilities.join(', ')}${device.stateReason ? ` – ${device.stateReason}` : ''}\n`,
        );
    });
  program
    .command('incidents')
    .description('what waits for a person')
    .action(async (_options: unknown, command: Command) => {
      const { items } = await session(command).get<{ items: IncidentLine[] }>('/v1/incidents');
      for (const incident of items)
        process.stdout.write(
          `${incident.id} ${incident.kind}: ${incident.message}${incident.dispatchId ? ` (dispatch ${incident.dispatchId})` : ''}\n`,
        );
      if (items.length === 0) process.stdout.write('no open incidents\n');
    });
  program
    .command('resolve <dispatch> <verdict>')
    .description('say what really happened to a dispatch whose outcome is unknown: happened, did-not or partly')
    .requiredOption('--reason <text>', 'how you know; it is kept with your name')
    .option('--done <ranges>', 'partly: transfers that happened, e.g. 1-40,44')
    .option('--uncertain <ranges>', 'partly: transfers that may have happened')
    .action(
      async (
        dispatch: string,
        verdict: string,
        options: { reason: string; done?: string; uncertain?: string },
        command: Command,
      ) => {
        const answer = await session(command).post<{ state: string }>(`/v1/dispatches/${dispatch}/resolution`, {
          json: {
            verdict,
            reason: options.reason,
            ...(options.done ? { done: parseRanges(options.done) } : {}),
            ...(options.uncertain ? { uncertain: parseRanges(options.uncertain) } : {}),
          },
        });
        process.stdout.write(`dispatch ${dispatch} is ${answer.state}\n`);
      },
    );
}

/** `1-40,44` as inclusive ranges. */
export function parseRanges(text: string): [number, number][] {
  return text.split(',').map((part) => {
    const [first, last] = part.split('-').map(Number);
    if (!Number.isInteger(first) || (last !== undefined && !Number.isInteger(last)))
      throw new Error(`expected ranges such as 1-40,44, found "${text}"`);
    return [first as number, last ?? (first as number)];
  });
}
