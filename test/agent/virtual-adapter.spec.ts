import type { AddressInfo } from 'node:net';
import { VirtualAdapter } from '../../apps/agent/adapters/virtual';
import type { StagedJob } from '../../apps/virtual-lab/motions';
import { createPanel } from '../../apps/virtual-lab/panel';
import type { LeasedJob } from '../../libs/device/job';
import { freshDir, LabBench } from '../virtual-lab/lab-bench';
import { describeAdapter } from './adapter-conformance';

const device = 'lh-1';
const runMs = 60_000;

/** A job as the api leases it. */
function asLeased({ dispatchId, jobId, stepKey, spec }: StagedJob): LeasedJob {
  const labNow = '2026-03-02T08:00:00.000Z';
  return {
    protocolVersion: 1,
    dispatchId,
    jobId,
    stepKey,
    attempt: 1,
    fencingToken: '1',
    leaseMs: 1_000,
    spec,
    labNow,
  };
}

describeAdapter('virtual', async () => {
  const bench = await LabBench.open(freshDir());
  const { lab } = bench;
  await bench.bring(device, 'STOCK-REAGENTS-1', 'pcr-96.A');
  await bench.bring('reader-1', 'read-96.B');
  const server = createPanel(lab, () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const adapters = { [device]: new VirtualAdapter(url, device), 'reader-1': new VirtualAdapter(url, 'reader-1') };
  let active: keyof typeof adapters = device;
  let made = 0;
  const adapter = new Proxy(adapters[device] as VirtualAdapter, {
    get: (_, method: keyof VirtualAdapter) => {
      const chosen = adapters[active] as VirtualAdapter;
      return (chosen[method] as ((...given: never[]) => unknown) | undefined)?.bind(chosen);
    },
  });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    adapter,
    newJob: (transfers) => {
      const lines = Array.from({ length: transfers }, (_, at) => ['A3', `A${at + 1}`, 1] as const);
      const job = bench.transferJob(`r1/test/${++made}`, 'STOCK-REAGENTS-1', 'pcr-96.A', lines);
      return { job: asLeased(job), worklist: job.worklistCsv ?? '' };
    },
    newFileJob: () => {
      active = 'reader-1';
      const reads = [{ id: 'od', mode: 'absorbance', wavelengthNm: 600 }];
      const labware = [bench.labware('plate', 'read-96.B', 'device')];
      return { job: asLeased(bench.job('r1/test/read', { operation: 'read-plate', capability: 'read-plate', parameters: { reads }, labware })) }; // prettier-ignore
    },
    times: () => ({
      labNow: new Date(lab.now).toISOString(),
      untilLabTime: new Date(lab.now + runMs).toISOString(),
      fencingToken: '1',
    }),
    begin: () => undefined,
    finish: () => bench.wait(runMs),
    transfersMade: async (dispatchId) => {
      const lines = await lab.history();
      return lines.filter((line) => line.t === 'transfer' && line.dispatchId === dispatchId).length;
    },
    loseNextRun: () => lab.fault({ kind: 'crash', device, forgets: true }),
    answerAgain: () => lab.fault({ kind: 'repair', device }),
    unplug: close,
    close: async () => {
      if (server.listening) await close();
      await lab.close();
    },
  };
});
