import type { DeviceAdapter, InstrumentCondition } from './adapters/adapter';
import type { ApiRefusal } from './api-refusal';
import { isFinal } from './api-refusal';
import type { DeviceApi } from './device-api';
import type { Log } from './log';

/** What decides whether a device may take work. */
export interface ReadinessParts {
  readonly api: DeviceApi;
  readonly adapter: DeviceAdapter;
  readonly log: Log;
  /** Says why results of further work could not be kept; undefined when there is room. */
  readonly room: () => Promise<string | undefined>;
}

/** Whether the instrument and its agent can take work, as the api is told of it. */
export class Readiness {
  private told: string | undefined;

  constructor(private readonly parts: ReadinessParts) {}

  /** Why no work is asked for; undefined when it is. */
  async obstacle(): Promise<string | undefined> {
    const full = await this.parts.room();
    if (full) return full;
    const found = await this.condition();
    if (!found) return undefined;
    await this.tell(found);
    return found.condition === 'ready' ? undefined : `somebody else uses the instrument: ${found.message ?? 'no reason given'}`; // prettier-ignore
  }

  /** Runs the self-test the api asks for before it gives work again. @returns why there is still no work. */
  async prove(refusal: ApiRefusal): Promise<string> {
    const { adapter, api, log } = this.parts;
    if (!adapter.selfTest) return `${refusal.message}; this instrument has no self-test: a person has to look`;
    const result = await adapter.selfTest().catch((error: unknown) => ({ passed: false, message: String(error) }));
    log(result.passed ? 'info' : 'error', `self-test ${result.passed ? 'passed' : 'failed'}: ${result.message}`);
    await api.selfTest(result);
    return `self-test ${result.passed ? 'passed' : 'failed'}: ${result.message}`;
  }

  /** An instrument that does not even answer is not used by somebody else: staging will find out. */
  private async condition(): Promise<InstrumentCondition | undefined> {
    try {
      return await this.parts.adapter.condition?.();
    } catch (error) {
      this.parts.log('warn', `the instrument does not say whether it is ready: ${String(error)}`);
      return undefined;
    }
  }

  private async tell(found: InstrumentCondition): Promise<void> {
    const text = JSON.stringify([found.condition, found.message]);
    if (text === this.told) return;
    try {
      await this.parts.api.condition(found);
      this.told = text;
    } catch (error) {
      this.parts.log('warn', `the condition could not be told: ${String(error)}`);
      if (isFinal(error)) this.told = text;
    }
  }
}
