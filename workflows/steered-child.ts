import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ChildWorkflowCancellationType, condition, ParentClosePolicy, sleep, startChild } from '@temporalio/workflow';
import type { ChildWorkflowHandle, ChildWorkflowOptions, SignalDefinition, Workflow } from '@temporalio/workflow';
import { campaignFacts } from './device-work/local-activities';
import { steer } from './stage.messages';
import type { Steering } from './stage.messages';

/** Seconds a child of an earlier, lost parent may take to end. */
const oldChildEndsWithin = 120;

/**
 * The part campaign and round have in common: they run one child at a time, forward steering to it, and keep the ids of
 * messages that are to be confirmed by whoever waits next.
 */
export class Steered {
  paused: boolean;
  private ids: string[];
  private child: ChildWorkflowHandle<Workflow> | undefined;

  constructor(input: { readonly paused: boolean; readonly unhandled: readonly string[] }) {
    this.paused = input.paused;
    this.ids = [...input.unhandled];
  }

  /** Keeps ids of messages for whoever waits next. */
  carry(ids: readonly string[]): void {
    this.ids.push(...ids);
  }

  /** Takes the ids that are to be confirmed by the caller. */
  take(): string[] {
    const ids = this.ids;
    this.ids = [];
    return ids;
  }

  /** Pauses or resumes, here and in the running child, which then confirms the messages. */
  async steer(steering: Steering): Promise<void> {
    this.paused = steering.paused;
    await this.tell(steer, steering);
  }

  /** Sends the running child a message that carries ids; without a child they stay here. */
  async tell<Message extends { readonly eventIds: readonly string[] }>(
    definition: SignalDefinition<[Message]>,
    message: Message,
  ): Promise<void> {
    const told = await this.child?.signal(definition, message).then(
      () => true,
      () => false,
    );
    if (!told) this.carry(message.eventIds);
  }

  /** Waits until something is so, confirming messages meanwhile. */
  async restUntil(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.ids.length > 0) await campaignFacts.confirmMessages({ handledEventIds: this.take() });
      else await condition(() => isSo() || this.ids.length > 0);
    }
  }

  /**
   * Runs a child workflow to its end. A child of the same id that an earlier parent left behind is waited for.
   * @param input made when the child starts, from what is carried then
   */
  async run<Input extends { readonly paused: boolean }, Outcome>(
    workflow: (input: Input) => Promise<Outcome>,
    options: ChildOptions,
    input: () => Input,
  ): Promise<Outcome> {
    const given = input();
    const child = await startWhenFree(workflow, options, given);
    this.child = child;
    try {
      if (this.paused !== given.paused) await this.steer({ paused: this.paused, eventIds: this.take() });
      return await child.result();
    } finally {
      this.child = undefined;
    }
  }
}

/** What names a child for people and searches. */
export type ChildOptions = Pick<
  ChildWorkflowOptions,
  'workflowId' | 'typedSearchAttributes' | 'staticSummary' | 'staticDetails'
>;

async function startWhenFree<Input, Outcome>(
  workflow: (input: Input) => Promise<Outcome>,
  options: ChildOptions,
  input: Input,
): Promise<ChildWorkflowHandle<(input: Input) => Promise<Outcome>>> {
  for (let tries = 1; ; tries++) {
    try {
      return await startChild(workflow.name, {
        ...options,
        args: [input],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || tries >= oldChildEndsWithin) throw error;
      await sleep('1s');
    }
  }
}
