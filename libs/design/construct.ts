import type { Campaign, Reaction } from '../campaign/campaign';
import { constructHash } from '../dna/canonical';
import type { PartCollection } from '../dna/collections/collection';
import { findPart } from '../dna/collections/collection';
import type { Fragment } from '../dna/digest';
import { digestToInsert } from '../dna/digest';
import type { TypeIISEnzyme } from '../dna/enzymes';
import { findEnzyme } from '../dna/enzymes';
import { joinToOneProduct } from '../dna/golden-gate';
import type { Feature, Molecule } from '../dna/molecule';
import { DomainError } from '../errors/domain-error';
import type { Choice } from './space';

/** The plasmid one reaction of the assembly plan makes. */
export interface AssembledPlasmid {
  readonly reactionId: string;
  /** Equal for every design of the campaign that shares this reaction: `tu1:J23102_AB+B0034m_BC+E0040m_CD+B0015_DE`. */
  readonly key: string;
  /** What goes in besides the vector: part ids at level 1, keys of units at level 2. */
  readonly inputs: readonly string[];
  readonly backbone: string;
  readonly name: string;
  readonly sequence: string;
  readonly topology: 'circular';
  /** Parts as features, 0-based on `sequence`. */
  readonly features: readonly Feature[];
  /** Identity of the sequence: see `constructHash`. */
  readonly hash: string;
}

/** What the assembly plan makes of one design: the intermediate units in the plan's order, and the construct. */
export interface AssembledDesign {
  /** Products of every reaction but the last; empty for a plan of one reaction. */
  readonly units: readonly AssembledPlasmid[];
  /** Product of the last reaction. */
  readonly construct: AssembledPlasmid;
}

/** Assembles designs of one campaign; whatever two designs share is simulated once. */
export type DesignAssembler = (choice: Choice) => AssembledDesign;

const assemblers = new WeakMap<Campaign, WeakMap<PartCollection, DesignAssembler>>();

/**
 * Simulates every reaction of the campaign's assembly plan for one design.
 *
 * @throws DomainError `assembly-refused` with `reason`, `part` (the culprit) and `reactionId`; `unknown-part`,
 * `unknown-reference` or `missing-key` when the plan or the design names what is not there.
 */
export function assembleDesign(campaign: Campaign, collection: PartCollection, choice: Choice): AssembledDesign {
  const perCollection = assemblers.get(campaign) ?? new WeakMap<PartCollection, DesignAssembler>();
  assemblers.set(campaign, perCollection);
  const assembler = perCollection.get(collection) ?? designAssembler(campaign, collection);
  perCollection.set(collection, assembler);
  return assembler(choice);
}

/** An assembler with its own memory of digested parts and level-1 units, for work through a whole library. */
export function designAssembler(campaign: Campaign, collection: PartCollection): DesignAssembler {
  const { reactions } = campaign.assembly;
  const bench = new Bench(collection);
  return (choice) => {
    const made = new Map<string, AssembledPlasmid>();
    for (const reaction of reactions) {
      const inputs = inputsOf(reaction, choice, made);
      const key = `${reaction.id}:${inputs.map(({ name }) => name).join('+')}`;
      made.set(reaction.id, bench.assemble(reaction, key, inputs, reaction.level === 1));
    }
    const products = [...made.values()];
    const construct = products.pop();
    if (!construct) throw new DomainError('missing-key', 'the assembly plan has no reaction');
    return { units: products, construct };
  };
}

/** Something that goes into a reaction, by name; a unit brings its molecule, a part is taken from the collection. */
interface Input {
  readonly name: string;
  readonly molecule?: AssembledPlasmid;
}

function inputsOf(reaction: Reaction, choice: Choice, made: ReadonlyMap<string, AssembledPlasmid>): Input[] {
  if (reaction.level === 1) {
    return reaction.slots.map((slot) => {
      const name = choice[slot];
      if (name === undefined) throw new DomainError('missing-key', `the design fills no slot "${slot}"`, { slot });
      return { name };
    });
  }
  return reaction.inputs.map((id) => {
    const molecule = made.get(id);
    if (molecule) return { name: molecule.key, molecule };
    throw new DomainError('unknown-reference', `reaction ${reaction.id} takes "${id}", which no earlier one makes`, {
      id,
    });
  });
}

/** Remembers digested inputs and level-1 products, refusals included. */
class Bench {
  private readonly fragments = new Map<string, Fragment | DomainError>();
  private readonly units = new Map<string, AssembledPlasmid | DomainError>();

  constructor(private readonly collection: PartCollection) {}

  assemble(reaction: Reaction, key: string, inputs: readonly Input[], remember: boolean): AssembledPlasmid {
    if (!remember) return this.run(reaction, key, inputs);
    return remembered(this.units, key, () => this.run(reaction, key, inputs));
  }

  private run(reaction: Reaction, key: string, inputs: readonly Input[]): AssembledPlasmid {
    const enzyme = findEnzyme(reaction.enzyme);
    return naming(reaction, () => {
      const pot = [...inputs, { name: reaction.backbone }].map((input) => this.digested(input, enzyme));
      const { sequence, topology, features } = joinToOneProduct(pot, enzyme);
      const names = inputs.map(({ name }) => name);
      return {
        reactionId: reaction.id,
        key,
        inputs: names,
        backbone: reaction.backbone,
        name: `${names.map((name) => name.slice(name.indexOf(':') + 1)).join('+')}@${reaction.backbone}`,
        sequence,
        topology,
        features,
        hash: constructHash(sequence, topology),
      };
    });
  }

  private digested(input: Input, enzyme: TypeIISEnzyme): Fragment {
    return remembered(this.fragments, `${enzyme.name} ${input.name}`, () => {
      const molecule: Molecule = input.molecule
        ? { ...input.molecule, name: input.name }
        : findPart(this.collection, input.name);
      return digestToInsert(molecule, enzyme);
    });
  }
}

function remembered<T>(memory: Map<string, T | DomainError>, key: string, make: () => T): T {
  const known = memory.get(key);
  if (known instanceof DomainError) throw known;
  if (known !== undefined) return known;
  try {
    const made = make();
    memory.set(key, made);
    return made;
  } catch (refusal) {
    if (refusal instanceof DomainError) memory.set(key, refusal);
    throw refusal;
  }
}

/** Adds the reaction to a refusal that comes out of it. */
function naming<T>(reaction: Reaction, work: () => T): T {
  try {
    return work();
  } catch (refusal) {
    if (!(refusal instanceof DomainError) || refusal.code !== 'assembly-refused') throw refusal;
    throw new DomainError(refusal.code, `reaction ${reaction.id}: ${refusal.message}`, {
      ...refusal.details,
      reactionId: reaction.id,
    });
  }
}
