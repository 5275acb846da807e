import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loadLabConfig } from '../../libs/platform/config/lab-config';
import { ClockDriver } from './clock-driver';
import { Lab } from './lab';
import { createPanel } from './panel';

/** Starts the lab: front panel, and the clock when there is an api to move it with. */
async function main(): Promise<void> {
  const config = loadLabConfig();
  const lab = await Lab.open(join(config.dataDir, 'virtual-lab'), config.labSeed);
  const server = createPanel(lab, () => process.kill(process.pid, 'SIGKILL'));
  await new Promise<void>((resolve) => server.listen(config.labPort, config.labHost, resolve));
  const driver = config.apiUrl
    ? new ClockDriver({
        apiUrl: config.apiUrl,
        site: config.site,
        tokensPath: config.tokensPath,
        onNow: (now) => lab.moveTime(now),
        log,
      })
    : undefined;
  const driving = driver?.run();
  const stop = async (): Promise<void> => {
    driver?.stop();
    await driving;
    server.close();
    server.closeAllConnections();
    await lab.close();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
}

function log(level: string, message: string): void {
  process.stderr.write(`${JSON.stringify({ level, at: new Date().toISOString(), process: 'virtual-lab', message })}\n`);
}

main().catch((error: unknown) => {
  log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
