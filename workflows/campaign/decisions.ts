import { ApplicationFailure } from '@temporalio/workflow';
import type { Decision, Gate } from './campaign.messages';

/** What a decision is checked against. */
export interface Situation {
  /** The campaign has ended or is being aborted. */
  readonly over: boolean;
  readonly paused: boolean;
  /** Gates at which it waits, with the role that may approve. */
  readonly waiting: readonly { readonly gate: Gate; readonly role: string }[];
  readonly gates: readonly string[];
}

/** Refuses a decision that cannot be applied as things stand. @throws ApplicationFailure whose type is a DomainError's code */
export function refuseDecision(decision: Decision, now: Situation): void {
  if (now.over) refuse('campaign-over', `the campaign has ended or is ending; nothing is left to ${decision.kind}`);
  switch (decision.kind) {
    case 'abort':
      return;
    case 'pause':
      return now.paused ? refuse('already-decided', 'the campaign is paused already') : undefined;
    case 'resume':
      return now.paused ? undefined : refuse('already-decided', 'the campaign is not paused');
    case 'approve':
      return refuseApproval(decision, now);
  }
}

function refuseApproval({ gate, roles }: Decision, { gates, waiting }: Situation): void {
  if (gate === undefined || !gates.includes(gate))
    return refuse('unknown-reference', `there is no gate "${gate ?? ''}"; gates are ${gates.join(', ')}`);
  const open = waiting.find((one) => one.gate === gate);
  if (!open) return refuse('already-decided', `the campaign does not wait at the gate "${gate}"`);
  if (!roles.includes(open.role))
    return refuse(
      'forbidden',
      `approval of "${gate}" needs the role ${open.role}, found ${roles.join(', ') || 'none'}`,
    );
}

function refuse(code: string, message: string): never {
  throw ApplicationFailure.nonRetryable(message, code);
}
