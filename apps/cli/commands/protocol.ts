import type { Command } from 'commander';
import { openSession, type SessionOptions } from '../session';
import { asText, readBytes, tellRefusal, validateProtocolFile } from './validate';

/** Adds `protocol validate` and `protocol submit`. */
export function addProtocolCommands(program: Command): void {
  const protocol = program
    .command('protocol')
    .description('protocols: the ordered steps of a Build or Test stage, as data');
  protocol
    .command('validate <file>')
    .description('check a protocol file and say everything that is wrong with it; nothing is stored')
    .action((file: string) => {
      if (!validateProtocolFile(file, process.stdout, process.stderr)) process.exitCode = 1;
    });
  protocol.command('submit <file>').description('store a protocol version; a version never changes').action(submit);
  protocol
    .command('list')
    .description('protocols that are stored, and those that are shipped')
    .action(async (_options: unknown, command: Command) => {
      const client = openSession(command.optsWithGlobals<SessionOptions>());
      const { items } = await client.get<{ items: { id: string; version: string; stage: string; title: string }[] }>(
        '/v1/protocols',
      );
      for (const item of items)
        process.stdout.write(`${item.stage.padEnd(6)} ${item.id}@${item.version}  ${item.title}\n`);
    });
}

async function submit(file: string, _options: unknown, command: Command): Promise<void> {
  const bytes = readBytes(file);
  try {
    const client = openSession(command.optsWithGlobals<SessionOptions>());
    const stored = await client.post<{ id: string; version: string }>('/v1/protocols', {
      bytes,
      contentType: 'text/yaml',
    });
    process.stdout.write(`stored protocol ${stored.id}@${stored.version}\n`);
  } catch (error) {
    if (!tellRefusal(error, file, asText(bytes), process.stderr)) throw error;
    process.exitCode = 1;
  }
}
