import { DomainError } from '../../libs/errors/domain-error';
import { plToUl } from '../../libs/units/volume';

/** What `reserve_material` answers when a plan cannot be carried out with what the lab holds. */
export interface MaterialRefusal {
  readonly status: 'over-draw' | 'dead-volume' | 'overfill' | 'sealed' | 'lot-expired';
  readonly stepKey: string;
  readonly labware: string;
  readonly kind: string;
  readonly well?: string;
  /** Volumes: what the step takes or adds, and what the well surely gives or still takes up. */
  readonly neededPl?: number;
  readonly availablePl?: number;
  readonly deadPl?: number;
  readonly capacityPl?: number;
  /** How many wells of the block are wrong. */
  readonly wells?: number;
  readonly seal?: string;
  readonly lot?: string;
  readonly material?: string;
  readonly reason?: string;
}

/** SQLSTATE with which `refuse_material` undoes what was about to be queued. */
const refusedState = 'AN422';

/**
 * The refusal inside an error of PostgreSQL; undefined for any other error.
 * Use: `catch (error) { throw materialRefusal(error) ?? error; }`
 */
export function materialRefusal(error: unknown): DomainError | undefined {
  const { code, detail } = error as { code?: string; detail?: string };
  if (code !== refusedState || detail === undefined) return undefined;
  return refusalOf(JSON.parse(detail) as MaterialRefusal);
}

/** A refusal of `reserve_material` as an error: what was expected, what there is, what to do. */
export function refusalOf(refusal: MaterialRefusal): DomainError {
  const { status, ...details } = refusal;
  return new DomainError(status, messages[status](refusal), details);
}

const ul = (picolitres: number | undefined): string => `${Number(plToUl(picolitres ?? 0).toFixed(6))} µL`;
const others = ({ wells = 1 }: MaterialRefusal): string => (wells > 1 ? ` (and ${wells - 1} more wells)` : '');
const at = ({ stepKey, labware, well }: MaterialRefusal): string => `${stepKey}: ${labware}${well ? ` ${well}` : ''}`;

const messages: Readonly<Record<MaterialRefusal['status'], (refusal: MaterialRefusal) => string>> = {
  'over-draw': (r) =>
    `${at(r)} is to give ${ul(r.neededPl)}, but only ${ul(r.availablePl)} are not spoken for${others(r)}; refill it, or plan from another well`,
  'dead-volume': (r) =>
    `${at(r)} is to give ${ul(r.neededPl)} of ${ul(r.availablePl)}, but ${ul(r.deadPl)} stay behind in a well of ${r.kind}${others(r)}; refill it, or plan from another well`,
  overfill: (r) =>
    `${at(r)} is to take up ${ul(r.neededPl)}, but only ${ul(r.availablePl)} fit (a well of ${r.kind} holds ${ul(r.capacityPl)})${others(r)}; plan less, or another well`,
  sealed: (r) => `${at(r)} will be sealed with ${r.seal} then; plan a peel before it`,
  'lot-expired': (r) => `${at(r)} must not be used: ${r.reason}; receive a fresh lot, or plan from another labware`,
};
