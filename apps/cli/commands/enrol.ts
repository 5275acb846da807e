import type { Command } from 'commander';
import type { AnnealClient } from '../../../libs/client/client';
import {
  describeDevice,
  exchangeEnrolmentCode,
  issueEnrolmentCode,
  revokeCredentials,
} from '../../../libs/client/enrolment';
import { openSession } from '../session';
import type { SessionOptions } from '../session';

interface EnrolOptions {
  readonly capability: string[];
  readonly kind: string;
  readonly name?: string;
  readonly place?: string;
  readonly simulated?: boolean;
  readonly exchange?: boolean;
}

/** Adds how a device becomes known, and how its credential ends. */
export function addEnrolCommands(program: Command): void {
  program
    .command('enrol <code>')
    .description('make a robot or a bench person known and print its enrolment code: good once, for 15 minutes')
    .requiredOption('--capability <capabilities...>', 'what it can do, e.g. seal-plate')
    .option('--kind <kind>', 'e.g. plate-reader; `person` for someone at the bench', 'instrument')
    .option('--name <name>', 'for people; the code when absent')
    .option('--place <code>', 'deck that labware must stand on for it')
    .option('--simulated', 'its data are not real')
    .option('--exchange', 'print the credential itself, for a program that cannot exchange a code')
    .action(enrol);
  program
    .command('revoke <device>')
    .description('end every credential of a device at once: it is let in again with a new enrolment code')
    .action(async (device: string, _options: unknown, command: Command) => {
      const { revoked } = await revokeCredentials(session(command, 'ops'), device);
      process.stdout.write(`${device}: ${revoked} credential${revoked === 1 ? '' : 's'} ended\n`);
    });
}

async function enrol(code: string, options: EnrolOptions, command: Command): Promise<void> {
  const client = session(command, 'operator');
  await describeDevice(client, code, {
    name: options.name ?? code,
    kind: options.kind,
    capabilities: options.capability,
    simulated: options.simulated ?? false,
    ...(options.place ? { placeCode: options.place } : {}),
  });
  const { enrolmentCode } = await issueEnrolmentCode(client, code);
  const said = options.exchange ? (await exchangeEnrolmentCode(client, enrolmentCode)).token : enrolmentCode;
  process.stdout.write(`${said}\n`);
}

/** Speaks as the local person of a role unless told otherwise. */
function session(command: Command, role: string): AnnealClient {
  const options = command.optsWithGlobals<SessionOptions>();
  return openSession({ ...options, role: options.role ?? role });
}
