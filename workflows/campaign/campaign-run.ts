import {
  CancellationScope,
  condition,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { attributesOf, describeRun } from '../describe';
import { campaignFacts } from '../device-work/local-activities';
import { gateApproved } from '../round/round.messages';
import type { RoundInput } from '../round/round.messages';
import { round } from '../round/round.workflow';
import { searchAttributes } from '../search-attributes.messages';
import type { StageName } from '../stage.messages';
import { Steered } from '../steered-child';
import type { CampaignProgress } from './campaign.activities';
import { campaignState, decide, gateReached, roundWorkflowId, stageBegan } from './campaign.messages';
import type { CampaignInput, CampaignState, Decision, DecisionApplied, Gate } from './campaign.messages';
import { refuseDecision } from './decisions';
import type { NextRound } from './next-round';

/** Decisions remembered so that a repeated one has no second effect. */
const mostDecisions = 200;

/** One run of the campaign's workflow: its round, the gates it waits at, and what people decide meanwhile. */
export class CampaignRun {
  readonly steered: Steered;
  /** Everything an abort stops. */
  readonly scope = new CancellationScope();
  /** Why it is being aborted. */
  aborting: string | undefined;
  number = 0;
  private kind: RoundInput['kind'] | undefined;
  private stage: StageName | undefined;
  private line = 'starting';
  private over = false;
  private progress: CampaignProgress | undefined;
  private readonly decided: Set<string>;
  private readonly waiting = new Set<Gate>();
  private readonly approved = new Set<Gate>();

  constructor(readonly input: CampaignInput) {
    this.steered = new Steered({ paused: input.paused ?? false, unhandled: input.unhandled });
    this.decided = new Set(input.handledDecisions);
    setHandler(campaignState, () => this.state());
    setHandler(gateReached, ({ gate }) => this.wait(gate));
    setHandler(stageBegan, ({ stage }) => {
      this.stage = stage;
      this.show(stage);
    });
    setHandler(decide, (decision) => this.apply(decision), { validator: (decision) => this.check(decision) });
  }

  /** Takes over what PostgreSQL knows. */
  learn(progress: CampaignProgress): void {
    this.progress = progress;
    this.steered.paused = progress.status === 'paused';
  }

  /** Runs a round, after the gate before it. */
  async round(next: Exclude<NextRound, { finished: string }>): Promise<void> {
    this.number = next.number;
    this.kind = next.kind;
    const { campaignId } = this.input;
    upsertSearchAttributes([{ key: searchAttributes.round, value: next.number }]);
    if (next.fresh && next.number > 1) await this.gate('next-round');
    this.show(next.kind);
    const outcome = await this.steered.run(round, this.roundOptions(next), () => this.roundInput(next));
    this.steered.carry(outcome.unhandled);
    await campaignFacts.closeRound({
      campaignId,
      round: next.number,
      status: 'finished',
      reason: 'all stages are done',
    });
  }

  /** Input of the next run. */
  nextInput(): CampaignInput {
    return {
      ...this.input,
      unhandled: this.steered.take(),
      handledDecisions: [...this.decided].slice(-mostDecisions),
      paused: this.steered.paused,
    };
  }

  /** From here on nothing can be decided. */
  end(): void {
    this.over = true;
  }

  /** Shows one line to people. */
  show(line: string): void {
    this.line = line;
    const waits = this.waitsAt().map(({ gate, role }) => `waiting for approval of ${gate} by ${role}`);
    const paused = this.steered.paused ? ['paused'] : [];
    const most = this.progress?.maxRounds ?? '?';
    setCurrentDetails([`round ${this.number}/${most}`, line, ...paused, ...waits].join(' · '));
  }

  private async gate(gate: Gate): Promise<void> {
    if (!this.needsPerson(gate)) return;
    const { campaignId } = this.input;
    this.wait(gate);
    await campaignFacts.openGate({ campaignId, round: this.number, gate, handledEventIds: this.steered.take() });
    await this.steered.restUntil(() => this.approved.has(gate));
    await campaignFacts.passGate({ campaignId, round: this.number, gate });
  }

  private needsPerson(gate: Gate): boolean {
    const known = this.progress;
    const approved = known?.approved.some((one) => one.gate === gate && one.round === this.number);
    return !approved && (known?.gates.some((one) => one.gate === gate) ?? false);
  }

  private wait(gate: Gate): void {
    this.waiting.add(gate);
    this.show(this.line);
  }

  private check(decision: Decision): void {
    if (this.decided.has(decision.decisionId)) return;
    refuseDecision(decision, {
      over: this.over || this.aborting !== undefined,
      paused: this.steered.paused,
      waiting: this.waitsAt(),
      gates: ['next-round', 'build-release'],
    });
  }

  private async apply(decision: Decision): Promise<DecisionApplied> {
    if (this.decided.has(decision.decisionId)) return { ...this.effect('it had been applied before'), repeated: true };
    this.decided.add(decision.decisionId);
    await condition(() => this.progress !== undefined);
    switch (decision.kind) {
      case 'approve':
        return this.approve(decision);
      case 'pause':
      case 'resume':
        return this.pause(decision, decision.kind === 'pause');
      case 'abort':
        this.aborting = decision.reason;
        this.steered.carry([decision.eventId]);
        this.scope.cancel();
        return this.effect('the campaign is being aborted');
    }
  }

  private async approve({ gate, eventId }: Decision): Promise<DecisionApplied> {
    const passed = gate as Gate;
    this.waiting.delete(passed);
    this.approved.add(passed);
    this.show(this.line);
    if (passed === 'next-round') this.steered.carry([eventId]);
    else await this.steered.tell(gateApproved, { gate: passed, eventIds: [eventId] });
    return this.effect(`${passed} of round ${this.number} is approved`);
  }

  private async pause({ reason, eventId }: Decision, paused: boolean): Promise<DecisionApplied> {
    this.steered.paused = paused;
    await campaignFacts.setPaused({ campaignId: this.input.campaignId, paused, reason, handledEventIds: [] });
    await this.steered.steer({ paused, eventIds: [eventId] });
    this.show(this.line);
    return this.effect(paused ? 'nothing more is queued or leased' : 'it goes on');
  }

  private effect(effect: string): DecisionApplied {
    return { effect, round: this.number };
  }

  private waitsAt(): { gate: Gate; role: string }[] {
    return [...this.waiting].map((gate) => ({
      gate,
      role: this.progress?.gates.find((one) => one.gate === gate)?.role ?? 'pi',
    }));
  }

  private state(): CampaignState {
    const running = this.steered.paused ? 'paused' : 'running';
    return {
      status: this.over ? 'over' : this.aborting !== undefined ? 'aborting' : running,
      epoch: this.input.epoch,
      round: this.number,
      ...(this.kind ? { kind: this.kind } : {}),
      ...(this.stage ? { stage: this.stage } : {}),
      waitingFor: this.waitsAt(),
      line: this.line,
    };
  }

  private roundOptions({ number, kind }: { readonly number: number; readonly kind: RoundInput['kind'] }) {
    return {
      workflowId: roundWorkflowId(this.input.tenant, this.input.slug, number),
      typedSearchAttributes: attributesOf(this.input, { round: number }),
      ...describeRun(this.input, { round: number, kind }),
    };
  }

  private roundInput(next: Exclude<NextRound, { finished: string }>): RoundInput {
    const { tenantId, tenant, siteId, site, campaignId, slug, owner, title } = this.input;
    return {
      ...{ tenantId, tenant, siteId, site, campaignId, slug, owner, title },
      round: next.number,
      kind: next.kind,
      completed: next.completed,
      gates: this.needsPerson('build-release') ? ['build-release'] : [],
      paused: this.steered.paused,
      unhandled: this.steered.take(),
    };
  }
}
