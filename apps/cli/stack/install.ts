import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnnealClient } from '../../../libs/client/client';
import { describeDevice, issueEnrolmentCode } from '../../../libs/client/enrolment';
import { DomainError } from '../../../libs/errors/domain-error';
import type { Tokens } from './tokens';

/** A device as the lab's front panel describes it. */
export interface LabDevice {
  readonly code: string;
  readonly name: string;
  readonly kind: string;
  readonly capabilities: readonly string[];
  readonly placeCode?: string;
}

export interface LabPlace {
  readonly code: string;
  readonly kind: string;
  readonly capacity: number;
  readonly temperatureC?: number;
}

/** What the lab has on its shelves when it opens. */
export interface LabInventory {
  readonly places: readonly LabPlace[];
  readonly labware: readonly Record<string, unknown>[];
}

/**
 * Makes the lab known to the api: its places, its devices and its stock.
 * @returns path of the file the agent reads: devices and their enrolment codes, which it exchanges for credentials of its own.
 */
export async function enrolLab(apiUrl: string, labUrl: string, tokens: Tokens, dataDir: string): Promise<string> {
  const client = new AnnealClient({ baseUrl: apiUrl, token: tokens.ops });
  const { places, labware } = await fromLab<LabInventory>(labUrl, '/inventory');
  const { devices } = await fromLab<{ devices: readonly LabDevice[] }>(labUrl, '/devices');
  for (const { code, ...place } of places) await client.put(`/v1/places/${code}`, { json: place });
  const served: { code: string; enrolmentCode: string; adapter: string }[] = [];
  for (const { code, ...device } of devices) {
    await describeDevice(client, code, { ...device, simulated: true });
    const { enrolmentCode } = await issueEnrolmentCode(client, code);
    served.push({ code, enrolmentCode, adapter: 'virtual' });
  }
  for (const one of labware)
    await client.post('/v1/labware', { json: one, idempotencyKey: `receive-${String(one['barcode'])}` });
  const file = join(dataDir, 'agent-devices.json');
  writeFileSync(file, JSON.stringify(served), { mode: 0o600 });
  return file;
}

async function fromLab<T>(labUrl: string, path: string): Promise<T> {
  const response = await fetch(new URL(path, labUrl));
  if (!response.ok)
    throw new DomainError(
      'stack-start-failed',
      `the virtual lab answered ${response.status} to ${path}: ${await response.text()}`,
    );
  return (await response.json()) as T;
}
