import type { Pool } from 'pg';
import { loadRound, loadStoredProtocol } from '../../../db/science/round-facts';
import type { Campaign } from '../../../libs/campaign/campaign';
import { DomainError } from '../../../libs/errors/domain-error';
import type { Literal, ParameterValue, Protocol, Step } from '../../../libs/protocol/protocol';
import { isBranch, isOperation, isPlan } from '../../../libs/protocol/protocol';
import type { ProtocolStage } from '../../../workflows/build/build.activities';

/**
 * The protocol a round is pinned to, with pointers into the campaign replaced by their values.
 * @throws DomainError `not-found`, or `protocol-invalid` for a pointer to nothing.
 */
export async function loadResolvedProtocol(pool: Pool, wanted: ProtocolStage): Promise<Protocol> {
  const { campaign, pins } = await loadRound(pool, wanted);
  const named = wanted.stage === 'build' ? campaign.build.protocol : campaign.assay.protocol;
  const protocol = await loadStoredProtocol(pool, wanted.tenantId, pins[wanted.stage] ?? named);
  return resolveProtocol(protocol, campaign);
}

/**
 * Replaces every `{ campaign: pointer }` of a protocol.
 * @throws DomainError `protocol-invalid` for a pointer to nothing.
 */
export function resolveProtocol(protocol: Protocol, campaign: Campaign): Protocol {
  return { ...protocol, steps: protocol.steps.map((step) => resolveStep(step, campaign)) };
}

function resolveStep(step: Step, campaign: Campaign): Step {
  const all = (steps: readonly Step[]): Step[] => steps.map((inner) => resolveStep(inner, campaign));
  if (isPlan(step)) return { ...step, inputs: resolveValues(step.inputs, campaign) };
  if (isOperation(step)) return { ...step, with: resolveValues(step.with, campaign) };
  if (isBranch(step)) {
    return {
      ...step,
      cases: Object.fromEntries(Object.entries(step.cases).map(([name, steps]) => [name, all(steps)])),
    };
  }
  return { ...step, repeat: all(step.repeat), max: resolveValue(step.max, campaign) };
}

function resolveValues(
  values: Readonly<Record<string, ParameterValue>>,
  campaign: Campaign,
): Record<string, ParameterValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, resolveValue(value, campaign)]));
}

function resolveValue(value: ParameterValue, campaign: Campaign): ParameterValue {
  if (typeof value !== 'object' || value === null || !('campaign' in value)) return value;
  const found = valueAt(campaign, value.campaign);
  if (found === undefined) {
    throw new DomainError('protocol-invalid', `The protocol points to ${value.campaign}, which the campaign lacks.`);
  }
  return typeof found === 'object' ? { value: found } : (found as Literal);
}

/** Value at a JSON pointer (RFC 6901); undefined when there is none. */
export function valueAt(document: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1);
  return steps.reduce<unknown>((value, step) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }, document);
}
