import { VirtualAdapter } from '../../apps/agent/adapters/virtual';
import { BufferedFiles } from '../../apps/agent/buffered-files';
import { fixedCredential } from '../../apps/agent/credential';
import { DeviceAgent } from '../../apps/agent/device-agent';
import { DeviceApi } from '../../apps/agent/device-api';
import { Journal } from '../../apps/agent/journal';
import { logFor } from '../../apps/agent/log';
import { DiskFiles, fetchSend, MachineClock } from '../../apps/agent/node-ports';

/** An agent of one device as a process that a test can kill: `node agent-under-test.js <api> <lab> <folder>`. */
async function main([apiUrl = '', labUrl = '', dir = '']: readonly string[]): Promise<void> {
  const files = await DiskFiles.open(dir);
  const clock = new MachineClock();
  await new DeviceAgent({
    code: 'lh-1',
    api: new DeviceApi({ code: 'lh-1', send: fetchSend(apiUrl), credential: fixedCredential('token') }),
    adapter: new VirtualAdapter(labUrl, 'lh-1'),
    journal: await Journal.open({ files, clock }),
    buffer: await BufferedFiles.open(files),
    clock,
    log: logFor('lh-1'),
    longPollMs: 20,
    heartbeatMs: 50,
  }).run();
}

void main(process.argv.slice(2));
