import type { Capability } from './job';

/** What a person has to have done before a device works again. */
export type ClearedItem = 'deck' | 'tips' | 'door' | 'self-test';

/** What silence after the start means for the device itself. Labware is held whatever the policy. */
export interface SilencePolicy {
  /**
   * `until-cleared`: until a person has cleared what the checklist names; `after-self-test`: until the device has passed its
   * self-test (or a person has run it); `none`: it stays in service.
   */
  readonly hold: 'until-cleared' | 'after-self-test' | 'none';
  readonly checklist: readonly ClearedItem[];
}

const cleared: SilencePolicy = { hold: 'until-cleared', checklist: ['deck', 'tips', 'door'] };
const jammed: SilencePolicy = { hold: 'until-cleared', checklist: ['deck', 'door'] };
const tested: SilencePolicy = { hold: 'after-self-test', checklist: ['self-test'] };

/**
 * What silence means, by what the device was asked to do. Whatever moves liquid, cells or an arm may stop with a tip on, a lid
 * open or labware in the way; a closed box with a sensor can tell by itself whether it is well. People are never held.
 */
export const silencePolicies: Readonly<Record<Capability, SilencePolicy>> = {
  'transfer-liquid': cleared,
  'pick-colonies': cleared,
  'purify-dna': cleared,
  'seal-plate': jammed,
  'move-labware': jammed,
  thermocycle: tested,
  'read-plate': tested,
  'sequence-samples': tested,
};
