import { AnnealClient } from '../../../libs/client/client';
import type { OrdinalRanges } from '../../../libs/device/job';
import type { Stack } from './stack';
import type { Tokens } from './tokens';

interface Incident {
  readonly id: string;
  readonly kind: string;
  readonly message: string;
  readonly dispatchId?: string;
  readonly device?: string;
}

/** What can be seen of a dispatch at its instrument. */
interface Inspection {
  readonly done: OrdinalRanges;
  readonly uncertain: OrdinalRanges;
  /** Nothing that was asked for is missing. */
  readonly complete: boolean;
  /** It still moves: nothing is to be said yet. */
  readonly running: boolean;
}

/** How long an instrument that was switched on again may take to tell what happened, ms. */
const evidenceMs = 6_000;

/**
 * A scripted person: reads the incidents, repairs what can be repaired, waits for the instrument's own word, and only when there is
 * none looks at the wells (what the lab's front panel shows of one dispatch, never its log) and says what happened.
 */
export class BenchPerson {
  private byPerson = 0;
  private partly = 0;
  private byEvidence = 0;
  private outOfService = 0;
  /** Dispatch → when its device was switched on again. */
  private readonly repaired = new Map<string, number>();

  constructor(
    private readonly stack: Stack,
    private readonly tokens: Tokens,
    private readonly say: (line: string) => void,
  ) {}

  /** What was done so far. */
  figures(): Record<string, number> {
    return {
      resolvedByPerson: this.byPerson,
      resolvedPartly: this.partly,
      resolvedByEvidence: this.byEvidence,
      devicesTakenOut: this.outOfService,
    };
  }

  /** One walk round the lab. */
  async look(): Promise<void> {
    const client = new AnnealClient({ baseUrl: this.stack.state().apiUrl, token: this.tokens.operator });
    const { items } = await client.get<{ items: Incident[] }>('/v1/incidents');
    await this.noticeEvidence(client, items);
    await this.noticeDead(client);
    for (const incident of items) {
      const { dispatchId, device, kind } = incident;
      if (kind === 'job-unknown' && dispatchId && device)
        await this.attend(client, { ...incident, dispatchId, device });
    }
  }

  /** A repaired device whose incident has gone told its story itself; its deck is cleared and it works again. */
  private async noticeEvidence(client: AnnealClient, open: readonly Incident[]): Promise<void> {
    for (const key of this.repaired.keys()) {
      const [dispatchId, device] = key.split(' ') as [string, string];
      if (open.some((incident) => incident.dispatchId === dispatchId)) continue;
      this.repaired.delete(key);
      this.byEvidence++;
      this.say(`bench person: ${device} told itself what happened`);
      await this.putBack(client, device);
    }
  }

  /** A device that does not switch on any more gets no more work, whether or not an incident tells of it. */
  private async noticeDead(client: AnnealClient): Promise<void> {
    const { items } = await client.get<{ items: { code: string; state: string }[] }>('/v1/devices');
    for (const { code, state } of items)
      if (state !== 'out-of-service' && (await this.stateOf(code)) === 'gone') await this.takeOut(client, code);
  }

  private async attend(
    client: AnnealClient,
    incident: Incident & { readonly dispatchId: string; readonly device: string },
  ): Promise<void> {
    const { dispatchId, device } = incident;
    const key = `${dispatchId} ${device}`;
    const state = await this.stateOf(device);
    if (state === 'gone') return this.resolve(client, incident, () => Promise.resolve());
    if (!this.repaired.has(key)) {
      if (state === 'dead') await this.repair(device);
      this.repaired.set(key, performance.now());
      return;
    }
    if (performance.now() - (this.repaired.get(key) as number) < evidenceMs) return;
    await this.resolve(client, incident, () => this.putBack(client, device));
    this.repaired.delete(key);
  }

  private async resolve(
    client: AnnealClient,
    incident: Incident & { readonly dispatchId: string; readonly device: string },
    afterwards: () => Promise<void>,
  ): Promise<void> {
    const { dispatchId, device } = incident;
    const seen = await this.inspect(device, dispatchId);
    if (!seen || seen.running) return;
    const verdict = seen.complete ? 'happened' : seen.done.length + seen.uncertain.length > 0 ? 'partly' : 'did-not';
    this.say(`bench person: ${incident.message}; looked at ${device}: ${verdict}`);
    const which = verdict === 'partly' ? { done: seen.done, uncertain: seen.uncertain } : {};
    await client.post(`/v1/dispatches/${dispatchId}/resolution`, {
      json: { verdict, reason: `looked at the wells on ${device}`, ...which },
    });
    this.byPerson++;
    if (verdict === 'partly') this.partly++;
    await afterwards();
  }

  private putBack(client: AnnealClient, device: string): Promise<void> {
    return client.post(`/v1/devices/${device}/state`, {
      json: {
        state: 'in-service',
        reason: 'deck, tips and door cleared, self-test run',
        cleared: ['deck', 'tips', 'door', 'self-test'],
      },
    });
  }

  private async takeOut(client: AnnealClient, device: string): Promise<void> {
    this.outOfService++;
    this.say(`bench person: ${device} does not switch on any more; out of service`);
    await client.post(`/v1/devices/${device}/state`, {
      json: { state: 'out-of-service', reason: 'does not switch on any more' },
    });
  }

  private async repair(device: string): Promise<void> {
    this.say(`bench person: switches ${device} on again`);
    await fetch(new URL('/faults', this.stack.state().labUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'repair', device }),
    });
  }

  private async inspect(device: string, dispatchId: string): Promise<Inspection | undefined> {
    const response = await fetch(new URL(`/devices/${device}/inspection/${dispatchId}`, this.stack.state().labUrl));
    return response.ok ? ((await response.json()) as Inspection) : undefined;
  }

  private async stateOf(device: string): Promise<string> {
    const response = await fetch(new URL(`/devices/${device}`, this.stack.state().labUrl));
    return ((await response.json()) as { state: string }).state;
  }
}
