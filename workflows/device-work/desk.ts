import { condition } from '@temporalio/workflow';
import type { Steering } from '../stage.messages';
import type { StageRef } from './device-work.activities';
import { Inbox } from './inbox';
import { deviceWork } from './local-activities';

/** Blocks of a chain that are queued at a time: the one under way and the next. */
export const blocksAhead = 2;
/** Jobs of a block. */
export const blockSteps = 5;

/** Where a stage asks for device work: its address, its messages, and its place in line while it is paused. */
export class Desk {
  readonly inbox: Inbox;
  /** Shows what the stage does. */
  onLine: (line: string) => void = () => undefined;
  private shown = '';
  private waitingForResume = 0;
  private confirming = false;

  constructor(
    readonly stage: StageRef,
    input: { readonly paused: boolean; readonly unhandled: readonly string[] },
  ) {
    this.inbox = new Inbox(input.unhandled);
    this.inbox.paused = input.paused;
  }

  /** One line for people: what the stage does. */
  get line(): string {
    return this.shown;
  }

  set line(line: string) {
    this.shown = line;
    this.onLine(this.inbox.paused ? `${line} (paused)` : line);
  }

  /** Pauses or resumes. */
  steer(steering: Steering): void {
    this.inbox.steer(steering, this.waitingForResume > 0);
  }

  /** Confirms messages by which nothing is to be queued. */
  async rest(handledEventIds: readonly string[]): Promise<void> {
    if (handledEventIds.length === 0) return;
    await deviceWork.rest.executeWithOptions(withSummary('wait'), [{ ...this.stage, handledEventIds }]);
  }

  /**
   * Waits while the stage is paused.
   * @param ids to be confirmed by the caller's next transaction; confirmed here when it has to wait.
   * @returns the ids that its next transaction must confirm
   */
  async whenRunning(ids: readonly string[]): Promise<readonly string[]> {
    if (!this.inbox.paused) return ids;
    this.waitingForResume++;
    await this.rest(ids);
    await condition(() => !this.inbox.paused);
    this.waitingForResume--;
    return this.waitingForResume === 0 ? this.inbox.takeCarried() : [];
  }

  /** Confirms messages that concern no branch and reports timers; runs beside the interpreter and never ends. */
  async watchStrays(): Promise<never> {
    for (;;) {
      await condition(() => this.inbox.hasStrays || this.inbox.hasTimers);
      this.confirming = true;
      await this.rest(this.inbox.takeStrays());
      for (let timer = this.inbox.takeTimer(); timer; timer = this.inbox.takeTimer()) {
        const { key, dueLabAt, eventId } = timer;
        await deviceWork.reportOverdue({ ...this.stage, key, dueLabAt, handledEventIds: [eventId] });
      }
      this.confirming = false;
    }
  }

  /** Ends when nothing that came in is left to be confirmed by `watchStrays`. */
  async settled(): Promise<void> {
    await condition(() => !this.confirming && !this.inbox.hasStrays && !this.inbox.hasTimers);
  }
}

/** Options that only name a call for people. */
export const withSummary = (summary: string): { summary: string } => ({ summary: summary.slice(0, 200) });
