import { Command } from 'commander';
import { addCampaignCommands } from './commands/campaign';
import { addLabCommands } from './commands/lab';
import { addLoadingCommand } from './commands/loading';
import { addProtocolCommands } from './commands/protocol';
import { explain } from './explain';
import { addStackCommands } from './stack/commands';

/** The `anneal` command: what a scientist, an operator and a developer type. */
async function main(): Promise<void> {
  const program = new Command('anneal')
    .description('Runs construct campaigns, Design, Build, Test and Learn, on the lab’s own robots.')
    .option('--api <url>', 'api to speak with (default: API_URL, or the stack that runs here)')
    .option('--token <token>', 'access token (default: ANNEAL_TOKEN, or a token of the stack that runs here)')
    .option('--role <role>', 'role whose local token is used: scientist, operator, pi, ops, biosafety')
    .showHelpAfterError();
  addCampaignCommands(program);
  addProtocolCommands(program);
  addLabCommands(program);
  addLoadingCommand(program);
  addStackCommands(program);
  await program.parseAsync();
}

// Who reads only the beginning of a list (`anneal list | head`) has what he wants.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
});
