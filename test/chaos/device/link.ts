import type { DeviceAdapter, Evidence, Observation } from '../../../apps/agent/adapters/adapter';
import { LostTrack } from '../../../apps/agent/adapters/adapter';
import type { Generator } from '../../../libs/random/generator';
import type { Instrument, Seen } from './instrument';
import type { Profile } from './profile';
import type { Turns } from './turns';

/** The cable between a process and its instrument: every call is a yield point, and any answer can be lost. */
export class Link implements DeviceAdapter {
  constructor(
    private readonly owner: string,
    private readonly instrument: Instrument,
    private readonly turns: Turns,
    private readonly random: Generator,
    private readonly profile: Profile,
  ) {}

  stage({ job, worklist }: Parameters<DeviceAdapter['stage']>[0]): Promise<{ durationMs: number }> {
    return this.call('stage', () => this.instrument.stage(job, worklist));
  }

  /** A trigger may still be under way when its sender is gone. */
  async start(dispatchId: string): Promise<void> {
    const trigger = (): void => this.instrument.start(dispatchId);
    if (!this.profile.hits('trigger-late')) return this.call(`start ${brief(dispatchId)}`, trigger);
    const { owner } = this.instrument;
    const inMs = 1_000 * this.random.below(1_200);
    await this.call(`start ${brief(dispatchId)} late`, () => {
      this.turns.later(owner, `is triggered ${brief(dispatchId)} late`, inMs, () => {
        try {
          trigger();
        } catch (error) {
          this.turns.note(`${owner} refuses: ${(error as Error).message}`);
        }
      });
      throw new Error('no answer to the trigger');
    });
  }

  async observe(dispatchId: string, waitMs: number, signal: AbortSignal): Promise<Observation> {
    const first = await this.call(`observe ${brief(dispatchId)}`, () => this.instrument.see(dispatchId));
    if (first.state === 'running') await this.pause(waitMs, signal);
    const seen =
      first.state === 'running' ? await this.call('observe on', () => this.instrument.see(dispatchId)) : first;
    if (seen.state === 'running' || seen.state === 'done') return seen;
    throw new LostTrack(`the instrument says "${seen.state}"`);
  }

  async stop(): Promise<void> {
    await this.call('stop', () => undefined);
  }

  reconcile(dispatchId: string): Promise<Evidence> {
    return this.call<Seen>(`reconcile ${brief(dispatchId)}`, () => this.instrument.reconcile(dispatchId));
  }

  readFile(file: Parameters<DeviceAdapter['readFile']>[0]): Promise<Uint8Array> {
    return this.call('readFile', () => this.instrument.readFile(file));
  }

  selfTest(): Promise<{ passed: boolean; message: string }> {
    return this.call('selfTest', () => ({ passed: true, message: 'all is well' }));
  }

  /** Until the run ends or the time is over. */
  private async pause(waitMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.turns.cancel(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.turns.later(this.owner, 'observe waited', waitMs, wake);
      void this.instrument.change().then(wake);
      signal.addEventListener('abort', wake);
    });
  }

  private async call<T>(name: string, effect: () => T): Promise<T> {
    if (this.profile.hits('link-down')) {
      await this.turns.call(this.owner, `${name}, not reached`, () => undefined, 1_000);
      throw new Error('the instrument cannot be reached');
    }
    const lost = this.profile.hits('link-down');
    const answer = await this.turns.call(this.owner, name, effect);
    if (lost) throw new Error('the answer of the instrument is lost');
    return answer;
  }
}

const brief = (id: string): string => id.slice(0, 6);
