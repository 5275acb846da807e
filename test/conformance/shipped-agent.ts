import { BufferRoom } from '../../apps/agent/buffer-room';
import { DeviceServer } from '../../apps/agent/serve-device';

/**
 * The shipped agent as a robot program of the suite, serving one device through its `virtual` adapter:
 * `--command "node dist/test/conformance/shipped-agent.js {api} {token} {device} {panel} {dir}"`.
 */
async function main(): Promise<void> {
  const [apiUrl = '', token = '', code = '', panel = '', dataDir = ''] = process.argv.slice(2);
  const device = { code, adapter: 'virtual', ...(token.length === 43 ? { token } : { enrolmentCode: token }) } as const;
  const config = {
    mode: 'production',
    logLevel: 'info',
    dataDir,
    apiUrl,
    labUrl: panel.replace(/\/devices\/[^/]+$/, ''),
    agentPort: 0,
    heartbeatMs: 4_000,
    longPollMs: 20_000,
    bufferBytes: 1_073_741_824,
    freeBytes: 0,
    bufferHours: 72,
    stopMs: 1_000,
    rotateDays: 30,
  } as const;
  const server = new DeviceServer(device, config, new BufferRoom({ limitBytes: config.bufferBytes, floorBytes: 0, dir: dataDir })); // prettier-ignore
  await server.open();
  await server.serve();
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
