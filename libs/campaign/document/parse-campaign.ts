import type { Mistake } from '../../protocol/document/mistake';
import { readShape } from '../../protocol/document/shape';
import { readSource, withoutHiddenKeys } from '../../protocol/document/source';
import { shippedProtocols } from '../../protocol/library/shipped';
import type { Campaign } from '../campaign';
import { checkCampaign } from '../check-campaign';
import type { CampaignContext } from '../check-references';
import { shippedCollections } from '../collection-view';
import { CampaignDocument } from './campaign.dto';
import { toCampaign } from './to-campaign';

/** What became of a campaign's text. Findings and warnings are in the order of the source. */
export type ParsedCampaign =
  | {
      readonly ok: true;
      readonly campaign: Campaign;
      readonly document: CampaignDocument;
      readonly sourceText: string;
      readonly warnings: readonly Mistake[];
    }
  | {
      readonly ok: false;
      readonly findings: readonly Mistake[];
      readonly sourceText: string;
      readonly warnings: readonly Mistake[];
    };

/** The collections and protocols that ship with Anneal. */
export function shippedContext(today?: string): CampaignContext {
  return {
    collections: shippedCollections(),
    protocols: shippedProtocols().map(({ document }) => document),
    ...(today === undefined ? {} : { today }),
  };
}

/**
 * Reads and checks a campaign (YAML 1.2 or JSON): encoding, syntax, shape and meaning. It never throws and reports everything at
 * once: whatever is wrong is taken out, and the rest is checked without it.
 */
export function parseCampaign(source: Uint8Array | string, context: CampaignContext): ParsedCampaign {
  const read = readSource(source);
  const { text, value, positions, mistakes, warnings } = read;
  const shape = readShape(CampaignDocument, value, '');
  const unread = value === undefined && mistakes.length > 0;
  const meaning = shape.draft ? checkCampaign(shape.draft, context) : { mistakes: [], warnings: [] };
  const found = [...(unread ? [] : shape.mistakes), ...withoutEchoes(meaning.mistakes, shape.mistakes)];
  const all = [...mistakes, ...withoutHiddenKeys(found, read)];
  const seen = { sourceText: text, warnings: positions.locate([...warnings, ...meaning.warnings]) };
  const { whole } = shape;
  const collection = context.collections.find(
    ({ id, version }) => id === whole?.library.collection.id && version === whole.library.collection.version,
  );
  if (all.length > 0 || !whole || !collection) return { ok: false, findings: positions.locate(all), ...seen };
  return { ok: true, campaign: toCampaign(whole, collection), document: whole, ...seen };
}

/** What was taken out for its shape is not missing. */
function withoutEchoes(meaning: readonly Mistake[], shape: readonly Mistake[]): Mistake[] {
  const isAbout = (pointer: string, outer: string): boolean => pointer === outer || pointer.startsWith(`${outer}/`);
  return meaning.filter(({ code, pointer }) => {
    const missing = code === 'missing-key' || code === 'goal-without-value';
    return !(missing && shape.some((each) => isAbout(each.pointer, pointer)));
  });
}
