import type { TranscriptionUnit } from '../../../libs/dna/genotype';
import type { PartMatch } from '../../../libs/dna/part-matches';
import { expression, fluorophores, growth, optics } from './constants';
import type { Plasmids } from './plasmids';
import { bareCell } from './well';

/** How cells with a plasmid behave in balanced growth. */
export interface Phenotype {
  /** RFU per OD by fluorophore name, autofluorescence excluded. */
  readonly rfuPerOd: Readonly<Record<string, number>>;
  readonly growthPerH: number;
  /** Share [0, 1) of the saturation density that burden costs. */
  readonly densityLoss: number;
}

/** Wavelengths of a fluorescence read. */
export interface Wavelengths {
  readonly wavelengthNm: number;
  readonly emissionNm: number;
}

const burdenless: Phenotype = { rfuPerOd: {}, growthPerH: growth.ratePerH, densityLoss: 0 };

/** Phenotypes by plasmid, computed once each from what the sequence really carries. */
export class Phenotypes {
  private readonly known = new Map<string, Phenotype>();

  constructor(private readonly plasmids: Plasmids) {}

  /** Phenotype of cells that carry the plasmid. */
  of(plasmid: string): Phenotype {
    if (plasmid === bareCell) return burdenless;
    const known = this.known.get(plasmid);
    if (known) return known;
    const phenotype = this.express(plasmid);
    this.known.set(plasmid, phenotype);
    return phenotype;
  }

  private express(plasmid: string): Phenotype {
    const genes = this.plasmids.genotypeOf(plasmid).units.flatMap((unit) => this.geneOf(unit));
    const load = genes.reduce((sum, gene) => sum + gene.load, 0);
    const each = expressionAtLoad(load);
    const rfuPerOd: Record<string, number> = {};
    for (const { strength, cds } of genes) {
      const colour = fluorophores.find(({ part }) => part === cds.part);
      if (!colour || cds.state === 'damaged') continue;
      rfuPerOd[colour.name] = (rfuPerOd[colour.name] ?? 0) + colour.rfuPerOd * strength * each;
    }
    return { rfuPerOd, growthPerH: growthAtLoad(load), densityLoss: densityLossAtLoad(load) };
  }

  /** Strength and ribosome load of a unit; a unit without promoter, RBS or coding sequence makes nothing. */
  private geneOf({ promoter, rbs, cds }: TranscriptionUnit): { strength: number; load: number; cds: PartMatch }[] {
    if (!promoter || !rbs || !cds) return [];
    const strength =
      this.strengthOf(promoter, expression.promoterStrength) * this.strengthOf(rbs, expression.rbsStrength);
    return [{ strength, load: (strength * (cds.end - cds.start)) / expression.loadBp, cds }];
  }

  private strengthOf(match: PartMatch, assumed: Readonly<Record<string, number>>): number {
    const part = this.plasmids.collection.parts.find(({ id }) => id === match.part);
    const strength = part?.relativeStrength?.value ?? assumed[match.part.replace(/_EB$/, '_AB')] ?? 0;
    return match.state === 'damaged' ? strength * expression.damagedShare : strength;
  }
}

/**
 * Protein per unit of strength at a total load L: competition for ribosomes, 1 / (1 + L/K), times the stress response,
 * 1 / (1 + (L/S)^h). Both make the strongest parts together worse than medium ones.
 */
export function expressionAtLoad(load: number): number {
  const competition = 1 / (1 + load / expression.halfLoad);
  return competition / (1 + (load / expression.stressLoad) ** expression.stressSteepness);
}

/** Growth rate per hour at a total load: μ₀ (1 − c L / (L + K)). */
export function growthAtLoad(load: number): number {
  return growth.ratePerH * (1 - (expression.growthCost * load) / (load + expression.growthHalfLoad));
}

function densityLossAtLoad(load: number): number {
  return (growth.saturationBurden * load) / (load + expression.growthHalfLoad);
}

/** RFU per OD of a phenotype in a channel, autofluorescence included. */
export function channelPerOd(phenotype: Phenotype, read: Wavelengths): number {
  const seen = fluorophores.filter(
    ({ excitationNm, emissionNm }) =>
      Math.abs(excitationNm - read.wavelengthNm) <= optics.windowNm &&
      Math.abs(emissionNm - read.emissionNm) <= optics.windowNm,
  );
  return seen.reduce<number>((sum, { name }) => sum + (phenotype.rfuPerOd[name] ?? 0), optics.autofluorescencePerOd);
}
