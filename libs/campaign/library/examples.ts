import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DomainError } from '../../errors/domain-error';

/** Example campaigns that ship with Anneal. */
export const exampleCampaigns = ['demo', 'single-unit'] as const;

/** Path of an example campaign's file; it is read from the sources, from `dist` as well. */
export function exampleCampaignPath(name: (typeof exampleCampaigns)[number]): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, 'package.json'))) return join(folder, 'libs', 'campaign', 'library', `${name}.yaml`);
  throw new DomainError('config-invalid', `no package.json above ${__dirname}: the examples are read beside it`);
}

/** Text of an example campaign. */
export const exampleCampaignText = (name: (typeof exampleCampaigns)[number]): string =>
  readFileSync(exampleCampaignPath(name), 'utf8');
