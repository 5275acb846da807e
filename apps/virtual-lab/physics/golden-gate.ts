import type { Fragment } from '../../../libs/dna/digest';
import { digestToInsert } from '../../../libs/dna/digest';
import type { TypeIISEnzyme } from '../../../libs/dna/enzymes';
import { findEnzyme } from '../../../libs/dna/enzymes';
import { joinFragments } from '../../../libs/dna/golden-gate';
import { isDomainError } from '../../../libs/errors/domain-error';
import type { MotionKey } from './draws';
import { drawFor, factor } from './draws';
import { assembly } from './constants';
import type { Plasmids } from './plasmids';
import type { Well } from './well';

const mixPrefix = 'golden-gate-mix-';

/** Nanograms of an amount of a plasmid: fmol · bp · 650 g/mol. */
export const nanograms = (fmol: number, bp: number): number => fmol * bp * assembly.gramsPerMolBp * 1e-6;
/** Femtomoles of a mass of a plasmid. */
export const femtomoles = (ng: number, bp: number): number => (ng * 1e6) / (bp * assembly.gramsPerMolBp);

/**
 * Cycles a one-pot assembly in a well: with the enzyme of the mix that is there, the plasmids that are there are cut and joined.
 * The scarcest input limits, a keyed yield says how much becomes product, some wells make nothing; a little vector stays uncut.
 * A well without mix or without a product keeps what it has.
 */
export function cycleGoldenGate(well: Well, plasmids: Plasmids, seed: number, key: MotionKey, sealed: boolean): void {
  const enzyme = enzymeOf(well);
  if (!enzyme) return;
  const inputs = cutInputs(well, plasmids, enzyme);
  const products = productsOf(inputs, enzyme);
  if (products.length === 0) return;
  const fmol = Math.min(...inputs.map(({ key: input, bp }) => femtomoles(well.dna[input] as number, bp)));
  const chance = drawFor(seed, key, 'golden-gate');
  const dead = chance.uniform() < assembly.deadReaction;
  const share = dead ? 0 : assembly.meanYield * factor(chance, assembly.yieldSpread);
  const made = fmol * Math.min(1, share) * (sealed ? 1 : assembly.unsealedShare);
  const vector = inputs.find((input) => plasmids.isVector(input.key));
  for (const input of inputs) delete well.dna[input.key];
  if (vector) well.dna[vector.key] = nanograms(fmol * assembly.meanYield * assembly.uncutVector, vector.bp);
  for (const sequence of products) {
    if (made > 0) well.dna[plasmids.keyOf(sequence)] = nanograms(made / products.length, sequence.length);
  }
}

function enzymeOf(well: Well): TypeIISEnzyme | undefined {
  const mix = Object.keys(well.liquids).find((name) => name.startsWith(mixPrefix) && (well.liquids[name] ?? 0) > 0);
  return mix === undefined ? undefined : findEnzyme(mix.slice(mixPrefix.length));
}

interface Input {
  readonly key: string;
  readonly bp: number;
  readonly fragment: Fragment;
}

/** Plasmids the enzyme opens into one usable fragment; the others stay as they are. */
function cutInputs(well: Well, plasmids: Plasmids, enzyme: TypeIISEnzyme): Input[] {
  return Object.keys(well.dna)
    .sort()
    .flatMap((key) => {
      const molecule = plasmids.moleculeOf(key);
      const fragment = unlessRefused(() => digestToInsert(molecule, enzyme));
      return fragment ? [{ key, bp: molecule.sequence.length, fragment }] : [];
    });
}

function productsOf(inputs: readonly Input[], enzyme: TypeIISEnzyme): string[] {
  const fragments = inputs.map(({ fragment }) => fragment);
  const products = unlessRefused(() => joinFragments(fragments, enzyme)) ?? [];
  return products.map(({ sequence }) => sequence);
}

/** What chemistry refuses does not happen; anything else is a bug and stays loud. */
function unlessRefused<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (isDomainError(error)) return undefined;
    throw error;
  }
}
