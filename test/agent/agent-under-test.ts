import { join } from 'node:path';
import { VirtualAdapter } from '../../apps/agent/adapters/virtual';
import { BufferedFiles } from '../../apps/agent/buffered-files';
import { DeviceAgent } from '../../apps/agent/device-agent';
import { DeviceApi } from '../../apps/agent/device-api';
import { Journal } from '../../apps/agent/journal';
import { logFor } from '../../apps/agent/log';

/** An agent of one device as a process that a test can kill: `node agent-under-test.js <api> <lab> <folder>`. */
const [apiUrl = '', labUrl = '', dir = ''] = process.argv.slice(2);

void new DeviceAgent({
  api: new DeviceApi(apiUrl, 'lh-1', 'token'),
  adapter: new VirtualAdapter(labUrl, 'lh-1'),
  journal: new Journal(dir),
  buffer: new BufferedFiles(join(dir, 'files')),
  log: logFor('lh-1'),
  longPollMs: 20,
  heartbeatMs: 50,
}).run();
