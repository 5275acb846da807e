import { constructId } from '../../../db/ids';
import type { NewConstruct } from '../../../db/science/constructs';
import type { Campaign, Reaction } from '../../../libs/campaign/campaign';
import type { AssembledPlasmid } from '../../../libs/design/construct';
import { assembleDesign } from '../../../libs/design/construct';
import type { Choice } from '../../../libs/design/space';
import type { PartCollection } from '../../../libs/dna/collections/collection';
import { findPart, loadCollection } from '../../../libs/dna/collections/collection';

/** A plasmid of a campaign with its id and the reaction that makes it. */
export interface Plasmid {
  readonly id: string;
  readonly reaction: Reaction;
  readonly assembled: AssembledPlasmid;
  /** Inputs by the code of their stock, the vector included: part ids, and construct ids of units. */
  readonly inputs: readonly { readonly code: string; readonly lengthBp: number }[];
  /** Construct ids of the units that go in. */
  readonly unitIds: readonly string[];
}

/** What one design is made of: intermediate units, and the construct. */
export interface DesignPlasmids {
  readonly units: readonly Plasmid[];
  readonly construct: Plasmid;
}

/** The part collection a campaign draws from. */
export const collectionOf = ({ library }: Campaign): PartCollection =>
  loadCollection(library.collection.id, library.collection.version);

/**
 * Simulates the assembly of a design.
 * @throws DomainError `assembly-refused` and those of `assembleDesign`.
 */
export function plasmidsOf(tenantId: string, campaign: Campaign, choice: Choice): DesignPlasmids {
  const collection = collectionOf(campaign);
  const assembled = assembleDesign(campaign, collection, choice);
  const made = new Map<string, Plasmid>();
  for (const plasmid of [...assembled.units, assembled.construct]) {
    made.set(plasmid.key, toPlasmid(tenantId, campaign, collection, plasmid, made));
  }
  return {
    units: assembled.units.map(({ key }) => made.get(key) as Plasmid),
    construct: made.get(assembled.construct.key) as Plasmid,
  };
}

function toPlasmid(
  tenantId: string,
  campaign: Campaign,
  collection: PartCollection,
  assembled: AssembledPlasmid,
  made: ReadonlyMap<string, Plasmid>,
): Plasmid {
  const inputs = assembled.inputs.map((input) => {
    const unit = made.get(input);
    if (unit) return { code: unit.id, lengthBp: unit.assembled.sequence.length };
    return { code: input, lengthBp: findPart(collection, input).sequence.length };
  });
  const vector = { code: assembled.backbone, lengthBp: findPart(collection, assembled.backbone).sequence.length };
  return {
    id: constructId(tenantId, assembled.hash),
    reaction: campaign.assembly.reactions.find(({ id }) => id === assembled.reactionId) as Reaction,
    assembled,
    inputs: [...inputs, vector],
    unitIds: assembled.inputs.flatMap((input) => made.get(input)?.id ?? []),
  };
}

/** Rows of a design's plasmids. */
export function constructRows({ units, construct }: DesignPlasmids): NewConstruct[] {
  const row = (plasmid: Plasmid, kind: 'unit' | 'construct'): NewConstruct => ({
    id: plasmid.id,
    sequenceSha256: plasmid.assembled.hash,
    kind,
    name: plasmid.assembled.name,
    sequence: plasmid.assembled.sequence,
    parts: {
      reaction: plasmid.assembled.reactionId,
      inputs: plasmid.assembled.inputs,
      backbone: plasmid.assembled.backbone,
      features: plasmid.assembled.features,
    },
  });
  return [...units.map((unit) => row(unit, 'unit')), row(construct, 'construct')];
}
