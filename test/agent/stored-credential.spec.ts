import { DeviceApi } from '../../apps/agent/device-api';
import type { ApiRequest, Send } from '../../apps/agent/ports';
import { StoredCredential } from '../../apps/agent/stored-credential';
import { UnsyncedFiles } from '../../libs/testing/unsynced-files';
import { SteppingClock } from './stepping-clock';

const dayMs = 86_400_000;
const never = new AbortController().signal;

/** The api's side of enrolment: codes work once; a new credential ends the old one when it is first used. */
class FakeIdentity {
  readonly codes = new Map([['code-1', 'lh-1']]);
  valid = new Set<string>();
  fresh: string | undefined;
  made = 0;
  away = false;

  readonly send: Send = (request) => {
    const { status, json } = this.away ? { status: 503, json: {} } : this.answer(request);
    return Promise.resolve({ status, body: Buffer.from(JSON.stringify(json)) });
  };

  private answer({ path, headers, body }: ApiRequest): { status: number; json: unknown } {
    if (path === '/v1/enrolments')
      return this.enrol((JSON.parse(String(body)) as { enrolmentCode: string }).enrolmentCode);
    const token = headers['authorization']?.slice('Bearer '.length) ?? '';
    if (!this.valid.has(token)) return { status: 401, json: { type: 'unauthenticated' } };
    if (token === this.fresh) this.valid = new Set([token]);
    if (path.endsWith('/credentials')) return { status: 200, json: { token: (this.fresh = this.issue()) } };
    return { status: 204, json: null };
  }

  private enrol(code: string): { status: number; json: unknown } {
    const device = this.codes.get(code);
    if (!this.codes.delete(code)) return { status: 401, json: { type: 'unauthenticated', detail: 'no such code' } };
    return { status: 200, json: { device, token: this.issue() } };
  }

  private issue(): string {
    const token = `token-${++this.made}`;
    this.valid.add(token);
    return token;
  }
}

describe('the credential an agent keeps', () => {
  let identity: FakeIdentity;
  let clock: SteppingClock;
  let files: UnsyncedFiles;
  beforeEach(() => {
    identity = new FakeIdentity();
    clock = new SteppingClock();
    files = new UnsyncedFiles();
  });

  const opened = (enrolmentCode = 'code-1', code = 'lh-1'): Promise<StoredCredential> =>
    StoredCredential.open({ code, files, clock, send: identity.send, log: () => undefined, enrolmentCode, rotateAfterMs: 30 * dayMs }); // prettier-ignore
  const asks = async (credential: StoredCredential): Promise<void> => {
    await new DeviceApi({ code: 'lh-1', send: identity.send, credential }).lease(0, never);
  };

  it('is got once by the enrolment code and found again at the next start', async () => {
    await (await opened()).obtain(never);
    files = files.crash();
    const again = await opened();
    await again.obtain(never);
    expect(again.token).toBe('token-1');
    await asks(again);
    expect(identity.made).toBe(1);
  });

  it('waits for an api that is away', async () => {
    identity.away = true;
    const credential = await opened();
    let got = false;
    void credential.obtain(never).then(() => (got = true));
    await clock.until(() => clock.monotonicMs() > 20_000);
    identity.away = false;
    await clock.until(() => got);
    expect(credential.token).toBe('token-1');
  });

  it.each([
    ['that was used before', 'code-0', 'lh-1', /was not taken .* ask for a new one/],
    ['of another device', 'code-1', 'reader-1', /one of the device lh-1/],
  ])('is refused for a code %s', async (_, code, device, reason) => {
    await expect((await opened(code, device)).obtain(never)).rejects.toThrow(reason);
  });

  it('is got anew by another enrolment code', async () => {
    await (await opened()).obtain(never);
    identity.codes.set('code-2', 'lh-1');
    const other = await opened('code-2');
    await other.obtain(never);
    expect(other.token).toBe('token-2');
  });

  it('is exchanged when it is old enough, on the disk before it is used, and the old one forgotten after that', async () => {
    const credential = await opened();
    await credential.obtain(never);
    clock.skip(30 * dayMs - 1);
    await credential.rotateIfDue();
    expect(credential.token).toBe('token-1');
    clock.skip(1);
    await credential.rotateIfDue();
    expect(JSON.parse(String(Buffer.from((await files.read('credential.json')) ?? [])))).toMatchObject({ token: 'token-2', previous: 'token-1' }); // prettier-ignore
    expect([...identity.valid]).toEqual(['token-1', 'token-2']);
    await asks(credential);
    expect([...identity.valid]).toEqual(['token-2']);
    expect(JSON.parse(String(Buffer.from((await files.read('credential.json')) ?? [])))).not.toHaveProperty('previous');
  });

  it('falls back to the one before when the new one is refused, within the same request', async () => {
    const credential = await opened();
    await credential.obtain(never);
    clock.skip(30 * dayMs);
    await credential.rotateIfDue();
    identity.valid.delete('token-2');
    await asks(credential);
    expect(credential.token).toBe('token-1');
  });

  it('keeps working when the exchange fails, and is tried again an hour later', async () => {
    const credential = await opened();
    await credential.obtain(never);
    clock.skip(30 * dayMs);
    identity.away = true;
    await credential.rotateIfDue();
    identity.away = false;
    await credential.rotateIfDue();
    expect(credential.token).toBe('token-1');
    clock.skip(3_600_000);
    await credential.rotateIfDue();
    expect(credential.token).toBe('token-2');
  });
});
