import { parseArgs } from 'node:util';
import { testServer } from '../../libs/testing/database';
import { conformance } from './robot/run';

const example = 'python3 test/examples/robot.py {api} {token} {device} {panel}';

/**
 * Does a robot program keep the device protocol? `npm run conformance -- robot --command "…"`: one line per scenario, at the end
 * one line of JSON; the exit code is 1 when a scenario failed.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      command: { type: 'string', default: example },
      only: { type: 'string', multiple: true, default: [] },
      parallel: { type: 'string', default: '4' },
    },
  });
  const server = await testServer();
  try {
    const { command, only } = values;
    const say = (line: string): boolean => process.stdout.write(`${line}\n`);
    const result = await conformance(server, { command, only, parallel: Number(values.parallel), say });
    say(JSON.stringify(result));
    process.exitCode = result.failed.length > 0 ? 1 : 0;
  } finally {
    await server.stop();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
