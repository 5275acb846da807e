import { createHash } from 'node:crypto';
import { DomainError } from '../../libs/errors/domain-error';
import { ApiRefusal, toRefusal } from './api-refusal';
import type { Credential } from './credential';
import type { Log } from './log';
import { Backoff } from './pause';
import type { AgentClock, AgentFiles, Send } from './ports';

/** What a credential that is kept by its agent is made of. */
export interface StoredCredentialParts {
  readonly code: string;
  readonly files: AgentFiles;
  readonly clock: AgentClock;
  readonly send: Send;
  readonly log: Log;
  /** Exchanged once for the credential. Another one than before asks for a new credential. */
  readonly enrolmentCode: string;
  /** Age at which the credential is exchanged for a new one, ms. */
  readonly rotateAfterMs: number;
}

interface Kept {
  readonly version: 1;
  readonly token: string;
  /** Works until the present token is first used. */
  readonly previous?: string;
  /** Wall time of the exchange, ISO. */
  readonly since: string;
  /** SHA-256 of the enrolment code it came from. */
  readonly enrolledWith: string;
}

const name = 'credential.json';
const answerMs = 15_000;
const tryAgainMs = 3_600_000;

/**
 * A device's credential in the folder of its agent: got once by an enrolment code, exchanged for a new one from time to time. The
 * new one is on the disk before it is used, the old one until the new one was accepted, so no crash leaves the device without.
 */
export class StoredCredential implements Credential {
  private readonly enrolledWith: string;
  private nextTryMs = 0;

  private constructor(
    private readonly parts: StoredCredentialParts,
    private kept: Kept | undefined,
  ) {
    this.enrolledWith = createHash('sha256').update(parts.enrolmentCode).digest('hex');
    if (kept?.enrolledWith !== this.enrolledWith) this.kept = undefined;
  }

  /** Reads what is kept. */
  static async open(parts: StoredCredentialParts): Promise<StoredCredential> {
    const content = await parts.files.read(name);
    return new StoredCredential(parts, content && (JSON.parse(Buffer.from(content).toString('utf8')) as Kept));
  }

  get token(): string {
    return this.kept?.token ?? '';
  }

  /**
   * Exchanges the enrolment code, unless that was done; waits for an api that is away, until the signal.
   * @throws DomainError `unauthenticated` when the code is not taken
   */
  async obtain(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ clock: this.parts.clock, firstMs: 500, mostMs: 30_000, signal });
    while (!this.kept && !signal.aborted) {
      try {
        await this.enrol();
      } catch (error) {
        if (isNotTaken(error)) throw this.notTaken(error);
        this.parts.log('warn', `the enrolment waits: ${String(error)}`);
        await backoff.wait();
      }
    }
  }

  /** Exchanges a credential that is old enough; what goes wrong is logged and tried again an hour later. */
  async rotateIfDue(): Promise<void> {
    const { clock, code, log, rotateAfterMs } = this.parts;
    const { kept } = this;
    if (!kept || kept.previous || clock.monotonicMs() < this.nextTryMs) return;
    if (Date.parse(clock.wallTime()) - Date.parse(kept.since) < rotateAfterMs) return;
    this.nextTryMs = clock.monotonicMs() + tryAgainMs;
    try {
      const path = `/v1/devices/${encodeURIComponent(code)}/credentials`;
      const { token } = await this.post<{ token: string }>(path, {}, { authorization: `Bearer ${kept.token}` });
      await this.keep({ ...kept, token, previous: kept.token, since: clock.wallTime() });
      log('info', 'has a new credential');
    } catch (error) {
      log('warn', `the credential could not be exchanged: ${String(error)}`);
    }
  }

  async refused(token: string): Promise<boolean> {
    if (!this.kept || token !== this.kept.token) return this.kept !== undefined;
    const { previous, ...rest } = this.kept;
    if (!previous) return false;
    this.parts.log('error', 'the new credential was refused: back to the one before');
    await this.keep({ ...rest, token: previous });
    return true;
  }

  async accepted(token: string): Promise<void> {
    if (!this.kept?.previous || token !== this.kept.token) return;
    const { previous: _, ...rest } = this.kept;
    await this.keep(rest);
  }

  private async enrol(): Promise<void> {
    const { code, enrolmentCode, clock } = this.parts;
    const { device, token } = await this.post<{ device: string; token: string }>('/v1/enrolments', { enrolmentCode });
    if (device !== code) throw new DomainError('config-invalid', `the enrolment code is one of the device ${device}`);
    await this.keep({ version: 1, token, since: clock.wallTime(), enrolledWith: this.enrolledWith });
    this.parts.log('info', 'enrolled');
  }

  private notTaken(error: Error): DomainError {
    const { code } = this.parts;
    const text = `the enrolment code of ${code} was not taken (${error.message}): ask for a new one and put it into the devices file`;
    return new DomainError('unauthenticated', text);
  }

  private async post<T>(path: string, json: unknown, headers: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await this.parts.send({
      method: 'POST',
      path,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(json),
      timeoutMs: answerMs,
    });
    if (response.status < 200 || response.status >= 300) throw toRefusal(response);
    return JSON.parse(Buffer.from(response.body).toString('utf8')) as T;
  }

  private async keep(kept: Kept): Promise<void> {
    await this.parts.files.put(name, Buffer.from(JSON.stringify(kept)));
    this.kept = kept;
  }
}

/** An unknown code is refused as one without a credential is. */
function isNotTaken(error: unknown): error is Error {
  if (error instanceof DomainError) return true;
  return error instanceof ApiRefusal && (error.status === 401 || !error.passes);
}
