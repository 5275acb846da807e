import { DomainError } from '../errors/domain-error';
import type { WellGrid } from './wells';

/** A kind of labware: its wells, and how much of them a robot can use. */
export interface LabwareKind extends WellGrid {
  readonly id: string;
  readonly title: string;
  /** Greatest working volume of one well in µL. */
  readonly maxUl: number;
  /** What stays behind in a well when a robot has taken all it can, in µL. */
  readonly deadUl: number;
  /** Racks of tips only, one tip per position: greatest stroke of a tip in µL. */
  readonly tipUl?: number;
}

/** Every kind of labware the shipped protocols use. */
export const labwareKinds: readonly LabwareKind[] = [
  { id: 'echo-384', title: '384-well acoustic source plate', rows: 16, columns: 24, maxUl: 65, deadUl: 20 },
  { id: 'pcr-96', title: '96-well PCR plate', rows: 8, columns: 12, maxUl: 200, deadUl: 1 },
  { id: 'agar-48', title: 'divided agar tray, 48 regions', rows: 6, columns: 8, maxUl: 50, deadUl: 0 },
  { id: 'deepwell-96', title: '96-deep-well culture block', rows: 8, columns: 12, maxUl: 2_000, deadUl: 20 },
  { id: 'read-96', title: '96-well clear-bottom plate', rows: 8, columns: 12, maxUl: 300, deadUl: 5 },
  { id: 'storage-96', title: '96-well storage plate', rows: 8, columns: 12, maxUl: 300, deadUl: 5 },
  { id: 'reservoir-12', title: 'trough with 12 columns', rows: 1, columns: 12, maxUl: 300_000, deadUl: 1_000 },
  { id: 'tips-10', title: 'box of 96 tips of 10 µL', rows: 8, columns: 12, maxUl: 10, deadUl: 0, tipUl: 10 },
  { id: 'tips-20', title: 'box of 96 tips of 20 µL', rows: 8, columns: 12, maxUl: 20, deadUl: 0, tipUl: 20 },
  { id: 'tips-300', title: 'box of 96 tips of 300 µL', rows: 8, columns: 12, maxUl: 300, deadUl: 0, tipUl: 300 },
  { id: 'tips-1000', title: 'box of 96 tips of 1000 µL', rows: 8, columns: 12, maxUl: 1_000, deadUl: 0, tipUl: 1_000 },
];

/**
 * The labware kind of an id.
 * @throws DomainError `unknown-reference` when there is none; names those there are.
 */
export function findLabwareKind(id: string): LabwareKind {
  const found = labwareKinds.find((kind) => kind.id === id);
  if (found) return found;
  const known = labwareKinds.map((kind) => kind.id);
  throw new DomainError('unknown-reference', `no labware kind "${id}"; there is ${known.join(', ')}`, { kind: id });
}
