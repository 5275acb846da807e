import { Command } from 'commander';
import { ApiProblem } from '../../libs/client/client';
import { isDomainError } from '../../libs/errors/domain-error';
import { addCampaignCommands } from './commands/campaign';
import { addLabCommands } from './commands/lab';
import { addProtocolCommands } from './commands/protocol';
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
  addStackCommands(program);
  await program.parseAsync();
}

/** A refusal is told with its findings; anything else is a bug and shows its stack. */
function explain(error: unknown): string {
  if (error instanceof ApiProblem) {
    const found = error.problem.findings ?? [];
    const findings = (found.length > 1 ? found : []).map(
      (finding) =>
        `  ${finding.line ? `${finding.line}:${finding.column ?? 1} ` : ''}${finding.pointer} ${finding.code}: ${finding.message}${finding.suggestion ? ` (${finding.suggestion})` : ''}`,
    );
    return [`refused (${error.problem.type}): ${error.message}`, ...findings].join('\n');
  }
  if (isDomainError(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
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
