import { AnnealClient } from '../../../libs/client/client';
import type { OrdinalRanges } from '../../../libs/device/job';
import type { Stack } from './stack';
import type { Tokens } from './tokens';

interface Incident {
  readonly id: string;
  readonly kind: string;
  readonly message: string;
  readonly dispatchId?: string;
  readonly deviceCode?: string;
}

interface Inspection {
  readonly done: OrdinalRanges;
  readonly uncertain: OrdinalRanges;
  /** Whether every transfer that was asked for happened. */
  readonly complete: boolean;
}

/**
 * A scripted person: reads the incidents, goes to the instrument, looks at the deck (what the lab's front panel shows of one
 * dispatch, never its log) and says what happened; takes a dead device out of service.
 */
export class BenchPerson {
  private resolved = 0;
  private partly = 0;
  private outOfService = 0;

  constructor(
    private readonly stack: Stack,
    private readonly tokens: Tokens,
    private readonly say: (line: string) => void,
  ) {}

  /** What was done so far. */
  figures(): Record<string, number> {
    return { unknownsResolved: this.resolved, partlyResolved: this.partly, devicesTakenOut: this.outOfService };
  }

  /** One walk round the lab. */
  async look(): Promise<void> {
    const client = new AnnealClient({ baseUrl: this.stack.state().apiUrl, token: this.tokens.operator });
    const { items } = await client.get<{ items: Incident[] }>('/v1/incidents');
    for (const incident of items) await this.attend(client, incident);
  }

  private async attend(client: AnnealClient, incident: Incident): Promise<void> {
    if (incident.dispatchId && incident.deviceCode)
      await this.resolve(client, incident, incident.deviceCode, incident.dispatchId);
  }

  private async resolve(client: AnnealClient, incident: Incident, device: string, dispatchId: string): Promise<void> {
    const seen = await this.inspect(device, dispatchId);
    if (!seen) return;
    const verdict = seen.complete ? 'happened' : seen.done.length + seen.uncertain.length > 0 ? 'partly' : 'did-not';
    this.say(`bench person: ${incident.message}; looked at ${device}: ${verdict}`);
    await client.post(`/v1/dispatches/${dispatchId}/resolution`, {
      json: {
        verdict,
        reason: `looked at the deck of ${device}`,
        ...(verdict === 'partly' ? { done: seen.done, uncertain: seen.uncertain } : {}),
      },
    });
    this.resolved++;
    if (verdict === 'partly') this.partly++;
    await this.takeCareOf(client, device);
  }

  /** Puts a device that answers back to service after clearing it; one that is dead goes out of service. */
  private async takeCareOf(client: AnnealClient, device: string): Promise<void> {
    const dead = await this.isDead(device);
    if (dead) this.outOfService++;
    await client.post(`/v1/devices/${device}/state`, {
      json: dead
        ? { state: 'out-of-service', reason: 'does not switch on any more' }
        : { state: 'in-service', reason: 'deck, tips and door cleared' },
    });
  }

  private async inspect(device: string, dispatchId: string): Promise<Inspection | undefined> {
    const response = await fetch(new URL(`/devices/${device}/inspection/${dispatchId}`, this.stack.state().labUrl));
    return response.ok ? ((await response.json()) as Inspection) : undefined;
  }

  private async isDead(device: string): Promise<boolean> {
    const response = await fetch(new URL(`/devices/${device}`, this.stack.state().labUrl));
    return ((await response.json()) as { dead?: boolean }).dead === true;
  }
}
