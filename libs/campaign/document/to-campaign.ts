import type { Approval, Campaign, Control, Objective, Read, Readout, Reaction, StopRule } from '../campaign';
import { usualBuildProtocol } from '../check-references';
import type { CollectionView } from '../collection-view';
import { enzymeName, roleTerm } from '../collection-view';
import type { BandDocument, ControlDocument, ReadDocument, ReadoutDocument } from './assay.dto';
import type { ReactionDocument } from './build.dto';
import type { ApprovalDocument, CampaignDocument, SlotDocument } from './campaign.dto';
import type { BudgetDocument, ObjectiveDocument, StopRuleDocument } from './goal.dto';
import type { VersionedRef } from './versioned-ref.dto';

/** The campaign a checked document stands for: every default filled in, terms and enzymes by their canonical names. */
export function toCampaign(document: CampaignDocument, collection: CollectionView): Campaign {
  const { library, assembly, assay, build, selection } = document;
  const protocol = build.protocol ?? (usualBuildProtocol(document) as VersionedRef);
  return {
    schema: 'anneal/v1',
    id: document.id,
    title: document.title ?? document.id,
    library: {
      collection: ref(library.collection),
      slots: library.slots.map(slot),
      rules: library.rules.map(({ forbid, reason }) => ({ forbid, reason })),
      mustInclude: library.mustInclude,
    },
    assembly: { standard: ref(assembly.standard ?? library.collection), reactions: assembly.reactions.map(reaction) },
    host: { strain: document.host.strain, marker: document.host.marker ?? markerOf(document, collection) },
    build: {
      protocol: ref(protocol),
      clonesPerDesign: build.clonesPerDesign,
      attempts: build.attempts,
      proceedIfBuiltFraction: build.proceedIfBuiltFraction,
    },
    assay: {
      protocol: ref(assay.protocol),
      medium: assay.medium,
      temperatureC: assay.temperatureC,
      startOd: assay.startOd,
      platesPerRound: assay.platesPerRound,
      reads: assay.reads.map(read),
      readouts: assay.readouts.map(readout),
    },
    controls: document.controls.map(control),
    replication: { ...document.replication },
    objectives: document.objectives.map(objective),
    budget: budget(document.budget),
    selection: {
      first: { strategy: selection.first.strategy },
      later: { strategy: selection.later.strategy, acquisition: selection.later.acquisition },
    },
    stop: document.stop.map(stopRule),
    approvals: document.approvals.map(approval),
    seed: document.seed,
  };
}

/** Keeps the keys that are there. */
function given<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

const ref = ({ id, version }: VersionedRef): VersionedRef => ({ id, version });

const slot = ({ id, role, position, options }: SlotDocument): Campaign['library']['slots'][number] => ({
  id,
  role: roleTerm(role),
  position: [position[0] as string, position[1] as string],
  options,
});

const reaction = (document: ReactionDocument): Reaction => ({
  id: document.id,
  level: document.slots ? 1 : 2,
  method: document.method,
  enzyme: enzymeName(document.enzyme) ?? document.enzyme,
  backbone: document.backbone,
  slots: document.slots ?? [],
  inputs: document.inputs ?? [],
  volumeUl: document.volumeUl,
  fmolPerPart: document.fmolPerPart,
});

const markerOf = ({ assembly }: CampaignDocument, collection: CollectionView): string =>
  collection.vector(assembly.reactions.at(-1)?.backbone ?? '')?.resistance ?? 'none';

const read = ({ id, mode, wavelengthNm, emissionNm, gain }: ReadDocument): Read => ({
  id,
  mode,
  wavelengthNm,
  ...given({ emissionNm, gain }),
});

const usualUnits = { ratio: 'RFU/OD', 'growth-rate': '1/h' } as const;

const readout = ({ id, unit, method, signal, od, odWindow }: ReadoutDocument): Readout => ({
  id,
  unit: unit ?? usualUnits[method],
  method,
  od,
  ...given({ signal }),
  ...(odWindow ? { odWindow: [odWindow[0] as number, odWindow[1] as number] as const } : {}),
});

const band = ({ readout: id, low, high }: BandDocument): Control['bands'][number] => ({ readout: id, low, high });

const control = ({ id, kind, sample, wellsPerPlate, bands }: ControlDocument): Control => ({
  id,
  kind,
  wellsPerPlate,
  bands: bands.map(band),
  ...given({ sample }),
});

const objective = ({ readout: id, goal, value, tolerance, low, high, weight }: ObjectiveDocument): Objective => ({
  readout: id,
  goal,
  weight,
  ...given({ value, tolerance, low, high }),
});

/** Money is kept in minor units. */
const minor = (amount: number | undefined): number | undefined =>
  amount === undefined ? undefined : Math.round(amount * 100);

const budget = (document: BudgetDocument): Campaign['budget'] => ({
  maxRounds: document.maxRounds,
  constructsPerRound: document.constructsPerRound,
  confirmTop: document.confirmTop,
  currency: document.currency,
  ...given({
    maxMinor: minor(document.max),
    perConstructMinor: minor(document.perConstruct),
    deadline: document.deadline,
  }),
});

function stopRule({ kind, score = 0, rounds = 1, minGain = 0, fraction = 0 }: StopRuleDocument): StopRule {
  switch (kind) {
    case 'objective-met':
      return { kind, score };
    case 'plateau':
      return { kind, rounds, minGain };
    case 'budget-exhausted':
      return { kind };
    case 'build-success-below':
      return { kind, fraction };
  }
}

const approval = ({ gate, role, auto }: ApprovalDocument): Approval => ({ gate, role, auto });
