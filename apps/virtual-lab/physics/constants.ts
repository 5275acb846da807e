/**
 * Every number of the virtual lab's truth, in one place. A source is named where there is one; `assumed` marks numbers chosen
 * to behave like a small automated lab.
 */

/** DNA and its assembly. */
export const assembly = {
  /** Average mass of a base pair of double-stranded DNA, g/mol (sodium salt, rounded; NEB, "Nucleic acid data"). */
  gramsPerMolBp: 650,
  /** Share of the scarcest input that ends in the product: one insert level, and a join of units. Assumed after Engler 2008. */
  meanYield: 0.35,
  /** Standard deviation of the logarithm of the yield between wells. Assumed. */
  yieldSpread: 0.3,
  /** Wells whose reaction makes nothing (a missed drop, a bubble). Assumed. */
  deadReaction: 0.03,
  /** Share of the yield when the plate was cycled without a foil: it dries out. Assumed. */
  unsealedShare: 0.3,
  /** Share of the vector that stays uncut, relative to a mean product. Assumed. */
  uncutVector: 0.03,
} as const;

/** Transformation and colonies. */
export const transformation = {
  /** Transformants per µL of competent cells when DNA is in excess: a miniaturised heat shock without recovery. Assumed. */
  mostPerUl: 7.5,
  /** DNA (ng) that gives half of the most: uptake saturates (Hanahan 1983 shows the plateau; the value is assumed). */
  halfNg: 1,
  /** Standard deviation of the logarithm of competence between wells. Assumed. */
  spread: 0.3,
  /** Share of colonies of the product that carry one changed base inside the insert. Assumed; oligo and copy errors. */
  pointMutation: 0.04,
  /** Cells per untransformed µL; they do not grow on antibiotic. Competent cells at about 1e8 per 100 µL. Assumed. */
  bareCellsPerUl: 1e6,
  /** A picked colony brings so many cells. Assumed: a pin takes a tenth of a 1 mm colony of about 1e7. */
  cellsPerPick: 1e6,
} as const;

/** Growth. Time only counts at 37 °C. */
export const growth = {
  warmC: 37,
  /** Colonies are seen after so long at 37 °C. */
  colonyVisibleMs: 12 * 3_600_000,
  /** A culture that was warm so long stands at its saturation density; until then it grows logistically. */
  saturatedMs: 12 * 3_600_000,
  /** Longer than this at 37 °C spoils: cultures lyse to half, satellites overgrow trays. */
  spoilMs: 24 * 3_600_000,
  spoiledDensityShare: 0.5,
  /** Share of picks from a spoiled tray that are satellites, cells without plasmid. Assumed. */
  satelliteShare: 0.5,
  /** Share of 50 % glycerol in a well above which nothing grows. Assumed. */
  mostGlycerol: 0.2,
  /** Wells that never grow (a missed inoculum). Assumed. */
  deadCulture: 0.02,
  /** Growth rate without burden, per hour: E. coli K-12 in rich medium in a plate reader at 37 °C, about 1 (assumed). */
  ratePerH: 1.0,
  /** Saturation density in plate-reader OD (200 µL of a 96-well plate), by labware kind. Assumed. */
  saturationOd: { 'deepwell-96': 4.0, 'read-96': 1.1, 'storage-96': 1.0 } as Readonly<Record<string, number>>,
  otherSaturationOd: 1.0,
  /** Standard deviation of the logarithm of the saturation density between wells. Assumed. */
  saturationSpread: 0.06,
  /** Share of the saturation density lost under full burden. Assumed. */
  saturationBurden: 0.25,
  /** Cells per µL at OD 1 (8e8 per mL; Sezonov 2007 gives 6e8 to 1e9 for K-12). */
  cellsPerUlAtOd1: 8e5,
} as const;

/** Expression from parts; strengths the collection does not publish. Assumed after the words of their descriptions. */
export const expression = {
  promoterStrength: { R0010_AB: 0.25, R0040_AB: 0.55, R0063_AB: 0.05, I13453_AB: 0.02 } as Readonly<
    Record<string, number>
  >,
  rbsStrength: { BCD2_BC: 0.9, BCD12_BC: 0.4, BCD8_BC: 0.12 } as Readonly<Record<string, number>>,
  /** A damaged promoter or RBS keeps this share of its strength; a damaged coding sequence is dark but still translated. */
  damagedShare: 0.1,
  /** Length (bp) of a coding sequence that costs one unit of load at strength 1: that of a fluorescent protein. */
  loadBp: 720,
  /** Load at which half of the ribosomes make the construct's proteins: competition as in Gyorgy et al. 2015 (Biophys J 109:639); value assumed. */
  halfLoad: 1.2,
  /** Load at which the cell's stress response halves expression, and its steepness: burden as in Ceroni et al. 2018 (Nat Methods 15:387); values assumed. */
  stressLoad: 0.7,
  stressSteepness: 2,
  /** Share of the growth rate lost at infinite load, and the load of half of it; Scott et al. 2010 (Science 330:1099) for the form; values assumed. */
  growthCost: 0.7,
  growthHalfLoad: 0.9,
  /** Standard deviation of the logarithm of expression between cultures. Assumed. */
  cultureSpread: 0.05,
} as const;

/** A fluorescent protein: its part, wavelengths of its maxima, and RFU per OD of a cell with expression 1. */
export interface Fluorophore {
  readonly part: string;
  readonly name: string;
  readonly excitationNm: number;
  readonly emissionNm: number;
  readonly rfuPerOd: number;
}

/** Maxima from FPbase (fpbase.org); RFU assumed. */
export const fluorophores: readonly Fluorophore[] = [
  { part: 'E0040m_CD', name: 'GFP', excitationNm: 485, emissionNm: 520, rfuPerOd: 60_000 },
  { part: 'E1010m_CD', name: 'RFP', excitationNm: 584, emissionNm: 607, rfuPerOd: 40_000 },
  { part: 'E0030_CD', name: 'YFP', excitationNm: 514, emissionNm: 527, rfuPerOd: 50_000 },
  { part: 'eBFP2_CD', name: 'BFP', excitationNm: 383, emissionNm: 448, rfuPerOd: 20_000 },
];

/** What a reader sees besides cells. Assumed. */
export const optics = {
  /** Both wavelengths of a read must lie this close to a protein's to see it. */
  windowNm: 25,
  /** Absorbance of plate and medium. */
  blankOd: 0.09,
  /** Fluorescence of plate and medium, RFU. */
  blankRfu: 150,
  /** Cells' own fluorescence, RFU per OD. */
  autofluorescencePerOd: 300,
  /** Relative standard deviation of a reading, and the absolute one. */
  odRelative: 0.01,
  odAbsolute: 0.001,
  rfuRelative: 0.02,
  rfuAbsolute: 8,
  /** The detector stops above. */
  mostAu: 4.0,
  mostRfu: 260_000,
} as const;

/** Plasmid preparation and sequencing. */
export const preparation = {
  /** ng/µL from a saturated culture, whatever the volume taken: the device works with the whole well. Assumed. */
  miniprepNgPerUl: 50,
  miniprepSpread: 0.15,
  /** Mean depth of a sequenced well, and the share of wells the service loses. Assumed. */
  depth: 60,
  lostSample: 0.01,
  /** A second plasmid above this share is reported as a mixture. */
  mixtureShare: 0.25,
} as const;

/** People. Assumed. */
export const people = {
  /** Standard deviation of the logarithm of how long a person takes. */
  delaySpread: 0.3,
  /** Wrong barcode read at the first scan, or the wrong shelf gone to; nothing has been moved then. */
  misScan: 0.01,
  misPlace: 0.005,
} as const;
