import type { AnnealClient } from './client';

/** A device as the lab announces it. */
export interface DeviceDescription {
  readonly name: string;
  readonly kind: string;
  readonly capabilities: readonly string[];
  readonly placeCode?: string;
  readonly simulated: boolean;
}

/** A device's credential. */
export interface Credential {
  readonly device: string;
  readonly token: string;
}

/** Makes a device known, or changes what is known of it. @throws ApiProblem */
export function describeDevice(client: AnnealClient, code: string, json: DeviceDescription): Promise<void> {
  return client.put(`/v1/devices/${encodeURIComponent(code)}`, { json });
}

/** Asks for a device's enrolment code; one issued before ends. @throws ApiProblem */
export function issueEnrolmentCode(
  client: AnnealClient,
  code: string,
): Promise<{ enrolmentCode: string; expiresAt: string }> {
  return client.post(`/v1/devices/${encodeURIComponent(code)}/enrolments`);
}

/** Exchanges an enrolment code, once. @throws ApiProblem `unauthenticated` when it is not good (any more) */
export function exchangeEnrolmentCode(client: AnnealClient, enrolmentCode: string): Promise<Credential> {
  return client.post('/v1/enrolments', { json: { enrolmentCode } });
}

/** Makes a device known and fetches a credential for it; one it had before ends. @throws ApiProblem */
export async function enrolDevice(client: AnnealClient, code: string, device: DeviceDescription): Promise<Credential> {
  await describeDevice(client, code, device);
  const { enrolmentCode } = await issueEnrolmentCode(client, code);
  return exchangeEnrolmentCode(client, enrolmentCode);
}

/** Ends every credential of a device at once. @throws ApiProblem */
export function revokeCredentials(client: AnnealClient, code: string): Promise<{ revoked: number }> {
  return client.delete(`/v1/devices/${encodeURIComponent(code)}/credentials`);
}
