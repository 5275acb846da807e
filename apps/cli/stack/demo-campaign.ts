import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project-root';

/** Text of the campaign the demo runs: the file named, or the shipped one. */
export function readCampaignText(file?: string): string {
  return readFileSync(file ?? join(projectRoot, 'libs', 'campaign', 'library', 'demo.yaml'), 'utf8');
}
