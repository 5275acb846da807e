import type { Command } from 'commander';

/** Adds demo and dev, which start servers; loaded only when asked for, so that the other commands stay quick. */
export function addStackCommands(program: Command): void {
  program
    .command('demo')
    .description('start everything with the virtual lab, run one whole campaign, show the result, stop everything')
    .option('--json', 'end with one line of JSON that holds the figures')
    .option('--campaign <file>', 'campaign file to run instead of the shipped one')
    .option('--seed <number>', 'seed of the virtual lab', '1')
    .option('--chaos [kind]', 'kill processes at random while it runs; `partial`: break instruments too')
    .option('--data-dir <folder>', 'folder of this run (default: a new one, removed at the end)')
    .option('--keep', 'keep the folder of this run')
    .action(async (options: object) => {
      const { runDemo } = await import('./demo.js');
      process.exitCode = await runDemo(options);
    });
  program
    .command('dev')
    .description('start everything with the virtual lab and keep it running; campaigns are found again after a reboot')
    .option('--seed <number>', 'seed of the virtual lab', '1')
    .option('--data-dir <folder>', 'folder of the stack (default: ANNEAL_DATA_DIR, .anneal)')
    .action(async (options: object) => {
      const { runDev } = await import('./dev.js');
      await runDev(options);
    });
}
