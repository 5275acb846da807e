import type { PartCollection } from '../dna/collections/collection';
import { loadCollection, partRoles } from '../dna/collections/collection';
import { cutPositions } from '../dna/digest';
import { typeIISEnzymes } from '../dna/enzymes';

/** A part or vector as a campaign's checks see it. */
export interface PartView {
  readonly id: string;
  /** Sequence Ontology term. */
  readonly role: string;
  readonly kind: 'part' | 'vector';
  /** Fusion sites left and right, by the standard's letters. */
  readonly position: readonly [string, string];
  /** Antibiotic the plasmid's host survives. */
  readonly resistance: string;
}

/** What a part collection must offer so that a campaign can be checked against it. */
export interface CollectionView {
  readonly id: string;
  readonly version: string;
  /** Letters of the standard's fusion sites. */
  readonly fusionSites: readonly string[];
  /** Ids of everything that is not a vector. */
  readonly partIds: readonly string[];
  readonly vectorIds: readonly string[];
  part(id: string): PartView | undefined;
  vector(id: string): PartView | undefined;
  /** How often a known enzyme cuts a part or vector. */
  cuts(id: string, enzyme: string): number;
}

/** Sequence Ontology terms by the names a document may use: `promoter`, `rbs`, `cds`, `terminator`. */
export const roleTerms: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(partRoles).filter(([name]) => name !== 'vector'),
);

/** Sequence Ontology term of a role written by name or by term. */
export const roleTerm = (role: string): string => roleTerms[role] ?? role;

/** Name of a role's term, or the term when it has none. */
export const roleName = (term: string): string =>
  Object.entries(partRoles).find(([, known]) => known === term)?.[0] ?? term;

/** Canonical name of an enzyme or one of its isoschizomers; undefined when it is not known. */
export function enzymeName(name: string): string | undefined {
  const wanted = name.trim().toLowerCase();
  return typeIISEnzymes.find((enzyme) => [enzyme.name, ...enzyme.aliases].some((each) => each.toLowerCase() === wanted))
    ?.name;
}

/** A part collection of `libs/dna` as a campaign's checks see it. */
export function collectionView(collection: PartCollection): CollectionView {
  const views = new Map(
    collection.parts.map(({ id, role, position, resistance }) => {
      const kind = role === partRoles.vector ? 'vector' : 'part';
      return [id, { id, role, kind, position, resistance } satisfies PartView] as const;
    }),
  );
  const idsOf = (kind: PartView['kind']): string[] =>
    [...views.values()].filter((view) => view.kind === kind).map(({ id }) => id);
  const find = (id: string, kind: PartView['kind']): PartView | undefined => {
    const view = views.get(id);
    return view?.kind === kind ? view : undefined;
  };
  return {
    id: collection.id,
    version: collection.version,
    fusionSites: Object.keys(collection.fusionSites),
    partIds: idsOf('part'),
    vectorIds: idsOf('vector'),
    part: (id) => find(id, 'part'),
    vector: (id) => find(id, 'vector'),
    cuts: (id, enzyme) => {
      const part = collection.parts.find((each) => each.id === id);
      const found = typeIISEnzymes.find(({ name }) => name === enzyme);
      return part && found ? cutPositions(part, found).length : 0;
    },
  };
}

/** Views of the part collections that ship with Anneal. */
export function shippedCollections(): CollectionView[] {
  return [collectionView(loadCollection('cidar-moclo', '1'))];
}
