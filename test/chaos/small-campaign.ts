import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { installationRoot } from '../../db/migrate';

const root = installationRoot();

/** The shipped one-unit campaign, with fewer constructs, under another name and with another test protocol. */
export function smallCampaign(changes: {
  readonly id: string;
  readonly protocol?: string;
  readonly rounds?: number;
}): string {
  const text = readFileSync(resolve(root, 'libs/campaign/library/single-unit.yaml'), 'utf8');
  return text
    .replace(/^id: .*$/m, `id: ${changes.id}`)
    .replace(
      'protocol: { id: plate-endpoint, version: "1" }',
      `protocol: { id: ${changes.protocol ?? 'plate-endpoint'}, version: "1" }`,
    )
    .replace(/maxRounds: \d+/, `maxRounds: ${changes.rounds ?? 2}`);
}

/** The shipped end-point protocol with a starter culture that waits fourteen days in the fridge. */
export function longWaitProtocol(): string {
  const text = readFileSync(resolve(root, 'libs/protocol/library/plate-endpoint.yaml'), 'utf8');
  const changed = text
    .replace('id: plate-endpoint', 'id: plate-endpoint-aged')
    .replace(
      /( {2}- \{ id: peel-starter,)/,
      [
        '  - id: rest-starter',
        '    operation: store',
        '    forEach: starterPlate',
        '    labware: { plate: starterPlate }',
        '    with: { place: fridge-4 }',
        '    hold: { min: 14d, max: 15d }',
        '$1',
      ].join('\n'),
    );
  if (changed === text) throw new Error('the shipped protocol has changed its form; adapt the long wait to it');
  return changed;
}
