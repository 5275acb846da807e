import type { Capability } from '../../libs/device/job';

/** A device of the virtual lab, as the api enrols it. */
export interface LabDevice {
  readonly code: string;
  readonly name: string;
  readonly kind: string;
  readonly capabilities: readonly Capability[];
  /** Where labware must stand for this device to work with it. */
  readonly placeCode: string;
  readonly simulated: true;
}

/** A place of the lab. */
export interface LabPlace {
  readonly code: string;
  readonly kind: 'deck' | 'incubator' | 'storage' | 'freezer' | 'consumables' | 'bench' | 'waste';
  readonly capacity: number;
  readonly temperatureC?: number;
}

const device = (code: string, name: string, kind: string, ...capabilities: readonly Capability[]): LabDevice => ({
  code,
  name,
  kind,
  capabilities,
  placeCode: `deck-${code}`,
  simulated: true,
});

/** Instruments, an outside service, and two people. */
export const labDevices: readonly LabDevice[] = [
  device('lh-1', 'Liquid handler 1', 'liquid-handler', 'transfer-liquid', 'purify-dna'),
  device('lh-2', 'Liquid handler 2', 'liquid-handler', 'transfer-liquid', 'purify-dna'),
  device('cycler-1', 'Thermocycler', 'thermocycler', 'thermocycle'),
  device('sealer-1', 'Sealer and peeler', 'sealer', 'seal-plate'),
  device('picker-1', 'Colony picker', 'colony-picker', 'pick-colonies'),
  device('reader-1', 'Plate reader 1', 'plate-reader', 'read-plate'),
  device('reader-2', 'Plate reader 2', 'plate-reader', 'read-plate'),
  device('sequencer', 'Sequencing service', 'outside-service', 'sequence-samples'),
  device('bench-1', 'Bench person 1', 'person', 'move-labware'),
  device('bench-2', 'Bench person 2', 'person', 'move-labware'),
];

const deckCapacity: Readonly<Record<string, number>> = {
  'liquid-handler': 16,
  thermocycler: 4,
  sealer: 4,
  'colony-picker': 8,
  'plate-reader': 4,
  'outside-service': 100,
  person: 10,
};

/** Every place of the lab: shelves, cold and warm ones, and one deck per device. */
export const labPlaces: readonly LabPlace[] = [
  { code: 'consumables', kind: 'consumables', capacity: 10_000 },
  { code: 'waste', kind: 'waste', capacity: 10_000 },
  { code: 'hotel', kind: 'storage', capacity: 10_000, temperatureC: 22 },
  { code: 'freezer-80', kind: 'freezer', capacity: 10_000, temperatureC: -80 },
  { code: 'fridge-4', kind: 'storage', capacity: 1_000, temperatureC: 4 },
  { code: 'incubator-37', kind: 'incubator', capacity: 50, temperatureC: 37 },
  ...labDevices.map(({ placeCode, kind }): LabPlace => ({
    code: placeCode,
    kind: 'deck',
    capacity: deckCapacity[kind] ?? 4,
    temperatureC: 22,
  })),
];

/** The place of a code, if the lab has it. */
export function findPlace(code: string): LabPlace | undefined {
  return labPlaces.find((place) => place.code === code);
}
