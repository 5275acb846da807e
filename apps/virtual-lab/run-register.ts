import { compressOrdinals, expandOrdinals } from '../../libs/device/job';
import type { LabDevice } from './devices';
import { labDevices } from './devices';
import type { LogLine } from './motions';
import { PanelRefusal } from './panel-refusal';
import type { Inspection, Run, RunView } from './runs';
import { newRun } from './runs';

/** Whether a device switches on; one that is gone never does again. */
export type DeviceState = 'working' | 'dead' | 'gone';

/** Which dispatches were started, how they stand, and which devices answer: what the log says besides the physical world. */
export class RunRegister {
  private readonly runs = new Map<string, Run>();
  private readonly running = new Set<Run>();
  private readonly refused = new Set<string>();
  private readonly lost = new Set<string>();
  private readonly deviceStates = new Map<string, DeviceState>();
  private readonly waiters = new Map<string, Set<() => void>>();

  /** Runs that have not ended. */
  get active(): readonly Run[] {
    return [...this.running];
  }

  /** The run under way on a device. */
  activeOn(code: string): Run | undefined {
    return this.active.find(({ device }) => device.code === code);
  }

  /** The run of a dispatch, if it was ever started. */
  find(dispatchId: string): Run | undefined {
    return this.runs.get(dispatchId);
  }

  /** Whether a device switches on. */
  stateOf(code: string): DeviceState {
    return this.deviceStates.get(code) ?? 'working';
  }

  /** @throws PanelRefusal 404 for a device the lab has not, 503 for one that does not answer. */
  workingDevice(code: string): LabDevice {
    const device = labDevices.find((candidate) => candidate.code === code);
    if (!device) throw new PanelRefusal(404, 'not-found', `there is no device ${code}`);
    if (this.stateOf(code) !== 'working') throw new PanelRefusal(503, 'device-dead', `${code} does not answer`);
    return device;
  }

  /** @throws PanelRefusal 409 when a dispatch was started or refused before, or its device is busy. */
  refuseUnlessNew(code: string, dispatchId: string): void {
    if (this.runs.has(dispatchId)) throw new PanelRefusal(409, 'started-before', `${dispatchId} was started before`);
    if (this.refused.has(dispatchId)) throw new PanelRefusal(409, 'refused', `${dispatchId} is not to be started`);
    const busy = this.activeOn(code);
    if (busy) throw new PanelRefusal(409, 'busy', `${code} is busy with ${busy.job.dispatchId}`);
  }

  /** What the device itself says of a dispatch. */
  look(code: string, dispatchId: string, now: number): RunView {
    this.workingDevice(code);
    const run = this.runs.get(dispatchId);
    if (!run) return { state: 'never-started' };
    if (this.lost.has(dispatchId)) return { state: 'lost' };
    if (run.outcome) return { state: 'done', outcome: run.outcome, progress: { share: 1 } };
    const share = (now - run.startedAt) / Math.max(1, run.until - run.startedAt);
    return { state: 'running', progress: { share: Math.min(1, Math.max(0, share)) } };
  }

  /** What a person sees in the wells: see {@link Inspection}. @throws PanelRefusal 404 when the dispatch never began here. */
  inspect(code: string, dispatchId: string): Inspection {
    const run = this.runs.get(dispatchId);
    if (run?.device.code !== code) throw new PanelRefusal(404, 'not-found', `nothing of ${dispatchId} is at ${code}`);
    const uncertain = expandOrdinals(run.outcome?.transfers?.uncertain ?? []);
    const done = run.moved.filter((ordinal) => !uncertain.includes(ordinal));
    const claimed = expandOrdinals(run.outcome?.transfers?.done ?? []);
    return {
      done: compressOrdinals(done),
      uncertain: compressOrdinals(uncertain),
      complete: run.outcome?.result === 'succeeded' && done.length >= claimed.length,
      running: run.outcome === undefined,
    };
  }

  /** Resolves when a run ends, or after `waitMs`. */
  ended(dispatchId: string, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.waiters.get(dispatchId) ?? new Set();
      this.waiters.set(dispatchId, waiting);
      const wake = (): void => {
        clearTimeout(timer);
        waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      waiting.add(wake);
    });
  }

  /** What a line does, the first time and every time it is read again. */
  apply(line: LogLine): void {
    switch (line.t) {
      case 'start':
        return this.begin(newRun(line));
      case 'transfer':
        this.runs.get(line.dispatchId)?.moved.push(line.ordinal);
        return;
      case 'end':
        return this.finish(line.dispatchId, line.outcome);
      case 'refuse':
        this.refused.add(line.dispatchId);
        return;
      case 'device':
        this.deviceStates.set(line.device, line.state);
        for (const dispatchId of line.forgets ?? []) this.lost.add(dispatchId);
        return;
      default:
        return;
    }
  }

  private begin(run: Run): void {
    this.runs.set(run.job.dispatchId, run);
    this.running.add(run);
  }

  private finish(dispatchId: string, outcome: Run['outcome']): void {
    const run = this.runs.get(dispatchId);
    if (!run || !outcome) return;
    run.outcome = outcome;
    this.running.delete(run);
    for (const wake of this.waiters.get(dispatchId) ?? []) wake();
    this.waiters.delete(dispatchId);
  }
}
