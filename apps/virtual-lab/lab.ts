import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compressOrdinals } from '../../libs/device/job';
import { labDevices } from './devices';
import type { Fault } from './faults';
import { ArmedFaults, parseFault } from './faults';
import { LabFiles } from './files';
import { MotionLog } from './motion-log';
import type { LogLine, StagedJob } from './motions';
import { worklistOf } from './operations/liquid';
import { readTimes } from './operations/measurements';
import { perform } from './operations/perform';
import type { Performance, Report } from './operations/performance';
import { PanelRefusal } from './panel-refusal';
import { people } from './physics/constants';
import { drawFor, factor } from './physics/draws';
import type { DeviceState } from './run-register';
import { RunRegister } from './run-register';
import type { Inspection, Run, RunView } from './runs';
import { outcomeOf } from './runs';
import { World } from './world';

/** Lines that share one sync while a worklist runs. */
const linesPerSync = 64;

/** The lab: devices, runs and the physical world, kept by its motion log. */
export class Lab {
  /** Lab time, ms since the epoch; it only grows. */
  now = 0;
  private readonly world: World;
  private readonly log: MotionLog;
  private readonly staged = new Map<string, { device: string; job: StagedJob }>();
  private readonly register = new RunRegister();
  private readonly faults = new ArmedFaults();
  /** What devices wrote. */
  readonly files: LabFiles;
  private readonly logPath: string;

  /**
   * Opens the lab in a folder. What its log holds happens again in memory; runs that were under way when it stopped are
   * interrupted: the power was cut.
   */
  static async open(dir: string, seed: number): Promise<Lab> {
    const lab = new Lab(dir, seed);
    for (const run of lab.register.active) await lab.interrupt(run, 'power-loss');
    lab.armPlannedFaults(join(dir, 'faults.json'));
    return lab;
  }

  private constructor(dir: string, seed: number) {
    this.files = new LabFiles(join(dir, 'files'));
    this.logPath = join(dir, 'motions.jsonl');
    const { log, lines } = MotionLog.open(this.logPath);
    this.log = log;
    this.world = new World(lines[0]?.t === 'open' ? lines[0].seed : seed);
    if (lines.length === 0) this.log.append({ t: 'open', version: 1, seed });
    for (const line of lines) this.replay(line);
  }

  /** Prepares a dispatch; nothing moves. May be repeated. @returns how long it will take in lab time. */
  stage(code: string, job: StagedJob): { durationMs: number } {
    this.register.workingDevice(code);
    worklistOf(job);
    this.staged.set(job.dispatchId, { device: code, job });
    return { durationMs: this.durationOf(code, job) };
  }

  /**
   * Starts a staged dispatch, once.
   * @throws PanelRefusal 409 when it was started or refused before, was not staged, or the device is busy.
   */
  async start(code: string, dispatchId: string, labNow: number, until: number): Promise<void> {
    this.register.workingDevice(code);
    this.register.refuseUnlessNew(code, dispatchId);
    const staged = this.staged.get(dispatchId);
    if (staged?.device !== code) throw new PanelRefusal(409, 'not-staged', `${dispatchId} is not staged on ${code}`);
    this.now = Math.max(this.now, labNow);
    this.happen({ t: 'start', device: code, job: staged.job, labTime: labNow, until });
    this.staged.delete(dispatchId);
    const run = this.register.find(dispatchId) as Run;
    run.notBeforeWallMs = Date.now() + (this.faults.take(code, 'stall')?.forMs ?? 0);
    const broken = this.faults.take(code, 'crash', 'gone');
    if (broken) await this.breakDown(code, broken, run);
    await this.log.flush();
    this.moveTime(this.now);
  }

  /** State of a dispatch, waiting up to `waitMs` for its end. */
  async observe(code: string, dispatchId: string, waitMs: number): Promise<RunView> {
    const view = this.register.look(code, dispatchId, this.now);
    if (view.state !== 'running' || waitMs <= 0) return view;
    await this.register.ended(dispatchId, waitMs);
    return this.register.look(code, dispatchId, this.now);
  }

  /** Promises that a dispatch which has not been started never will be; the state says which it is. */
  async refuse(code: string, dispatchId: string): Promise<RunView> {
    const view = this.register.look(code, dispatchId, this.now);
    if (view.state === 'never-started') {
      this.happen({ t: 'refuse', dispatchId });
      await this.log.flush();
    }
    return view;
  }

  /** Breaks a running dispatch off; its outcome says how far it came. */
  async stop(code: string, dispatchId: string): Promise<void> {
    this.register.workingDevice(code);
    const run = this.register.find(dispatchId);
    if (run && !run.outcome && !run.ending) await this.interrupt(run, 'stopped');
  }

  /** Lets lab time come to `now`; runs that are due end. */
  moveTime(now: number): void {
    this.now = Math.max(this.now, now);
    for (const run of this.register.active) {
      if (run.ending || run.until > this.now) continue;
      run.ending = true;
      const delay = run.notBeforeWallMs - Date.now();
      if (delay > 0) setTimeout(() => this.finishLoudly(run), delay).unref();
      else this.finishLoudly(run);
    }
  }

  /** Lets a fault happen, or arms it for the next run of its device. Power loss is the caller's: the process ends. */
  async fault(fault: Fault): Promise<void> {
    if (fault.kind === 'power-loss') return;
    if (!labDevices.some(({ code }) => code === fault.device)) {
      throw new PanelRefusal(404, 'not-found', `there is no device ${fault.device}`);
    }
    if (fault.kind === 'repair') return this.repair(fault.device);
    const running = this.register.activeOn(fault.device);
    if ((fault.kind === 'crash' || fault.kind === 'gone') && running && !running.ending)
      await this.breakDown(fault.device, fault, running);
    else this.faults.arm(fault);
    await this.log.flush();
  }

  /**
   * What a person sees who goes to the instrument and looks at the wells of one dispatch: where liquid surely arrived, where it
   * may have, and whether nothing is missing. A device that forgot the dispatch, or lies about it, still has its wells.
   * @throws PanelRefusal 404 when the dispatch never began here
   */
  inspect(code: string, dispatchId: string): Inspection {
    return this.register.inspect(code, dispatchId);
  }

  /**
   * A device's own test of itself: one that answers and rests is well; one that is still at a run, stalled or not, is not.
   * @throws PanelRefusal 503 for a device that is dead or gone, 404 for one the lab has not
   */
  selfTest(code: string): { passed: boolean; message: string } {
    this.register.workingDevice(code);
    const busy = this.register.activeOn(code);
    if (busy) return { passed: false, message: `still at ${busy.job.stepKey}` };
    return { passed: true, message: 'sensors, drives and temperatures are as they should be' };
  }

  /** Whether a device switches on. */
  stateOf(code: string): DeviceState {
    return this.register.stateOf(code);
  }

  /** Every line of the log, for scorers after the end. */
  async history(): Promise<LogLine[]> {
    await this.log.flush();
    const text = readFileSync(this.logPath, 'utf8');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogLine]));
  }

  /** The physical truth, for scorers after the end. */
  get truth(): World {
    return this.world;
  }

  /** Lets everything written reach the disk and closes the log. */
  close(): Promise<void> {
    return this.log.close();
  }

  /** Instruments take what the job expects; people are slower or faster, by labware and step. */
  private durationOf(code: string, { spec, stepKey }: StagedJob): number {
    const kinetic = spec.operation === 'read-plate' ? (readTimes(spec.parameters).at(-1) ?? 0) : 0;
    const expected = Math.max(1_000, spec.durationMs, kinetic) * this.faults.slownessOf(code);
    if (spec.capability !== 'move-labware') return Math.round(expected);
    const barcode = spec.labware[0]?.barcode ?? '';
    const key = { barcode, well: '', stepKey, count: this.world.timesDone('try', stepKey, barcode) + 1 };
    return Math.round(expected * factor(drawFor(this.world.seed, key, 'delay'), people.delaySpread));
  }

  private finishLoudly(run: Run): void {
    this.finish(run).catch((error: unknown) => {
      setImmediate(() => {
        throw error;
      });
    });
  }

  private async finish(run: Run): Promise<void> {
    if (run.outcome) return;
    const misScan = run.device.kind === 'person' ? this.faults.take(run.device.code, 'mis-scan') : undefined;
    if (misScan) return this.end(run, { problem: { code: 'wrong-barcode', message: 'scanned another labware' } });
    const lie = this.faults.take(run.device.code, 'lie');
    const report = await this.carryOut(run, lie ? { atMost: lie.afterTransfers } : {});
    const claimed = lie && { ...report, done: worklistOf(run.job).map(({ ordinal }) => ordinal) };
    return this.end(run, claimed ?? report);
  }

  private async carryOut(run: Run, limits: Pick<Performance, 'atMost'>): Promise<Report> {
    const course = perform({
      job: run.job,
      placeCode: run.device.placeCode,
      startedAt: run.startedAt,
      endsAt: run.until,
      world: this.world,
      already: run.moved,
      ...limits,
    });
    for (let step = course.next(), lines = 1; ; step = course.next(), lines++) {
      if (step.done) return step.value;
      this.happen(step.value);
      if (lines % linesPerSync === 0) await this.log.flush();
    }
  }

  /** A run breaks off: some transfers were done, the next is uncertain and may have happened. */
  private async interrupt(run: Run, code: string, afterTransfers?: number): Promise<void> {
    run.ending = true;
    const { job } = run;
    const rows = worklistOf(job);
    const chance = drawFor(
      this.world.seed,
      { barcode: rows[0]?.destination.barcode ?? '', well: '', stepKey: job.stepKey, count: run.moved.length },
      code,
    );
    const begun = run.moved.length > 0 ? run.moved.length : chance.below(rows.length + 1);
    const atMost = Math.min(rows.length, Math.max(run.moved.length, afterTransfers ?? begun));
    const report: Report = rows.length > 0 ? await this.carryOut(run, { atMost }) : {};
    const done = [...(report.done ?? [])];
    const next = rows.find(({ ordinal }) => !done.includes(ordinal));
    if (next && !report.problem && chance.uniform() < 0.5) await this.carryOut(run, { atMost: done.length + 1 });
    const uncertain = next && !report.problem ? [next.ordinal] : [];
    const message = `${run.device.code} stopped in the middle: ${code}`;
    await this.end(
      run,
      { ...(rows.length > 0 ? { done } : {}), problem: report.problem ?? { code, message } },
      uncertain,
    );
  }

  private async end(run: Run, report: Report, uncertain: readonly number[] = []): Promise<void> {
    const files = report.file ? [await this.files.keep(report.file)] : [];
    const outcome = outcomeOf(run, report, uncertain, files, this.now);
    const { dispatchId, jobId, stepKey } = run.job;
    const lied = report.done && report.done.length > run.moved.length;
    const line: LogLine = {
      t: 'end',
      dispatchId,
      jobId,
      stepKey,
      labTime: this.now,
      outcome,
      ...(lied ? { really: { done: compressOrdinals(run.moved) } } : {}),
    };
    this.log.append(line);
    await this.log.flush();
    this.replay(line);
  }

  private async breakDown(code: string, fault: Extract<Fault, { kind: 'crash' | 'gone' }>, run: Run): Promise<void> {
    const forgets = fault.kind === 'crash' && fault.forgets ? { forgets: [run.job.dispatchId] } : {};
    this.happen({ t: 'device', device: code, state: fault.kind === 'gone' ? 'gone' : 'dead', ...forgets });
    await this.interrupt(run, 'instrument-crashed', fault.afterTransfers);
  }

  private async repair(code: string): Promise<void> {
    if (this.stateOf(code) === 'gone') throw new PanelRefusal(409, 'gone', `${code} is gone for good`);
    this.happen({ t: 'device', device: code, state: 'working' });
    await this.log.flush();
  }

  private happen(line: LogLine): void {
    this.log.append(line);
    this.replay(line);
  }

  /** What a line does to the lab, the first time and every time it is read again. */
  private replay(line: LogLine): void {
    this.world.apply(line);
    if (line.t === 'start') this.now = Math.max(this.now, line.labTime);
    this.register.apply(line);
  }

  private armPlannedFaults(path: string): void {
    if (!existsSync(path)) return;
    const planned = JSON.parse(readFileSync(path, 'utf8')) as unknown[];
    for (const fault of planned.map(parseFault)) if (fault) this.faults.arm(fault);
  }
}
