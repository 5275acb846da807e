import { compressOrdinals } from '../../../libs/device/job';
import type { Instrument } from './instrument';
import type { Turns } from './turns';
import type { World } from './world';

/** An unknown dispatch as the person at the bench finds it. */
interface Unknown {
  readonly id: string;
  readonly jobId: string;
  readonly device: string;
  readonly plan: readonly number[];
}

/** What a person found out by looking, that the instrument would have told. */
export interface Avoidable {
  readonly dispatchId: string;
  readonly knew: string;
}

/** How the person sees the lab. */
export interface Bench {
  /** Virtual time since which nothing went wrong and every agent and instrument of a device was up; undefined when one is not. */
  readonly calmSince: (device: string) => number | undefined;
  readonly instrument: (device: string) => Instrument;
  /** Stops whatever else may still drive the device. */
  readonly stopStrays: (device: string) => void;
  readonly opsToken: string;
}

const owner = 'ada';
const everyMs = 1_200_000;
/** How long evidence has its chance before a person says what happened, virtual ms. */
const patienceMs = 10_800_000;

/** The person who looks after what nobody knows: only when evidence had its chance, and by the instrument's own record. */
export class Person {
  readonly avoidable: Avoidable[] = [];
  /** Verdicts given, by dispatch. */
  readonly verdicts = new Map<string, string>();
  private readonly first = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly turns: Turns,
    private readonly bench: Bench,
  ) {}

  begin(): void {
    this.turns.look(owner, 'looks at the board', everyMs, async () => {
      this.begin();
      await this.look();
    });
  }

  private async look(): Promise<void> {
    const { rows } = await this.world.io(() =>
      this.world.lab.watcher.query<Unknown>({
        name: 'unknown-dispatches',
        text: `select d.id, d.job_id as "jobId", v.code as device, array(select ordinal from planned_transfer t where t.dispatch_id = d.id order by 1) as plan
          from dispatch d join device v on v.id = d.device_id where d.state = 'unknown' order by d.id`,
      }),
    );
    for (const dispatch of rows) await this.consider(dispatch);
    if (rows.length === 0) await this.reinstate();
  }

  private async consider(dispatch: Unknown): Promise<void> {
    const { id, device } = dispatch;
    const since = this.first.get(id) ?? this.turns.now;
    this.first.set(id, since);
    const calm = this.bench.calmSince(device);
    if (calm === undefined || this.turns.now - Math.max(since, calm) < patienceMs) return;
    const instrument = this.bench.instrument(device);
    const seen = instrument.recall(id);
    if (seen.state === 'running') return;
    if (seen.state !== 'unknown') this.avoidable.push({ dispatchId: id, knew: seen.state });
    this.bench.stopStrays(device);
    await this.resolve(dispatch, instrument);
  }

  private async resolve({ id, plan }: Unknown, instrument: Instrument): Promise<void> {
    const did = instrument.record.flatMap((motion) =>
      motion.kind === 'transfer' && motion.dispatchId === id ? motion.ordinal : [],
    );
    const whole = plan.length > 0 ? plan.every((ordinal) => did.includes(ordinal)) : did.length > 0;
    const verdict = whole ? 'happened' : did.length === 0 ? 'did-not' : 'partly';
    const body = {
      verdict,
      reason: 'looked at the deck',
      ...(verdict === 'partly' ? { done: compressOrdinals(did), uncertain: [] } : {}),
    };
    const response = await this.post(`/v1/dispatches/${id}/resolution`, body);
    this.turns.note(`${owner} says ${verdict} of ${id.slice(0, 6)}: ${response?.status ?? 'no answer'}`);
    if (response && response.status < 300) this.verdicts.set(id, verdict);
  }

  /** Takes devices back into service that silence took out, cleared. */
  private async reinstate(): Promise<void> {
    const { rows } = await this.world.io(() =>
      this.world.lab.watcher.query<{ code: string }>({
        name: 'quarantined',
        text: `select code from device where state = 'quarantined' order by code`,
      }),
    );
    for (const { code } of rows) {
      const body = { state: 'in-service', reason: 'looked after', cleared: ['deck', 'tips', 'door', 'self-test'] };
      const response = await this.post(`/v1/devices/${code}/state`, body);
      this.turns.note(`${owner} clears ${code}: ${response?.status ?? 'no answer'}`);
    }
  }

  private post(path: string, body: unknown): ReturnType<World['serve']> {
    const headers = { authorization: `Bearer ${this.bench.opsToken}`, 'content-type': 'application/json' };
    return this.world.serve({ method: 'POST', path, headers, body: JSON.stringify(body), timeoutMs: 15_000 });
  }
}
