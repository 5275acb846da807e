import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { below, didYouMean, listed, mistake } from '../protocol/document/mistake';
import type { Protocol } from '../protocol/protocol';
import type { CampaignDraft, Check, CheckContext } from './check-context';
import type { CollectionView } from './collection-view';
import { assemblyLevels } from './protocol-facts';

/** What a campaign may name: part collections and protocols. */
export interface CampaignContext {
  readonly collections: readonly CollectionView[];
  readonly protocols: readonly Protocol[];
  /** ISO date a deadline must not precede; absent: deadlines are not compared. */
  readonly today?: string;
}

interface Versioned {
  readonly id: string;
  readonly version: string;
}
type RefDraft = { readonly id?: string | undefined; readonly version?: string | undefined } | undefined;

/** Looks up what the document names. Where only the version is wrong, the checks go on with the version there is. */
export function resolveReferences(
  draft: CampaignDraft,
  { collections, protocols, today }: CampaignContext,
): { readonly context: CheckContext; readonly mistakes: readonly Mistake[] } {
  const stage = (wanted: Protocol['stage']): Protocol[] => protocols.filter((protocol) => protocol.stage === wanted);
  const collection = lookUp(draft.library?.collection, collections, '/library/collection', 'collection');
  const standard = lookUp(draft.assembly?.standard, collections, '/assembly/standard', 'assembly standard');
  const build = lookUp(
    draft.build?.protocol ?? usualBuildProtocol(draft),
    stage('build'),
    '/build/protocol',
    'build protocol',
  );
  const test = lookUp(draft.assay?.protocol, stage('test'), '/assay/protocol', 'test protocol');
  return {
    context: { collection: collection.found, buildProtocol: build.found, testProtocol: test.found, today },
    mistakes: [collection, standard, build, test].flatMap((each) => each.mistakes),
  };
}

function lookUp<T extends Versioned>(
  ref: RefDraft,
  known: readonly T[],
  pointer: string,
  what: string,
): { readonly found: T | undefined; readonly mistakes: readonly Mistake[] } {
  const id = ref?.id;
  if (id === undefined) return { found: undefined, mistakes: [] };
  const versions = known.filter((each) => each.id === id);
  const ids = [...new Set(known.map((each) => each.id))];
  if (versions.length === 0)
    return {
      found: undefined,
      mistakes: [
        mistake(
          'unknown-reference',
          below(pointer, 'id'),
          `a ${what}`.replace('a a', 'an a'),
          `"${id}"`,
          didYouMean(id, ids),
        ),
      ],
    };
  const found = versions.find((each) => each.version === ref?.version) ?? versions[versions.length - 1];
  if (ref?.version === undefined || found?.version === ref.version) return { found, mistakes: [] };
  const names = versions.map((each) => each.version);
  const wrong = mistake(
    'bad-version',
    below(pointer, 'version'),
    `a version of ${id} (${listed(names)})`,
    `"${ref.version}"`,
    `write version: "${found?.version}"`,
  );
  return { found, mistakes: [wrong] };
}

/** The shipped Golden Gate protocol with as many levels as the assembly. */
export function usualBuildProtocol(draft: CampaignDraft): Versioned | undefined {
  const levels = levelsOf(draft);
  return levels && { id: levels > 1 ? 'golden-gate-two-level' : 'golden-gate-one-level', version: '1' };
}

function levelsOf(draft: CampaignDraft): 1 | 2 | undefined {
  const reactions = present(draft.assembly?.reactions);
  if (reactions.length === 0) return undefined;
  return reactions.some(({ item }) => item.inputs !== undefined) ? 2 : 1;
}

/** The build protocol goes through as many levels as the assembly. */
export const checkProtocols: Check = (draft, { buildProtocol }) => {
  const levels = levelsOf(draft);
  const offered = buildProtocol && assemblyLevels(buildProtocol);
  const mismatch = offered && levels && Math.max(0, ...offered) !== levels;
  const expected = `a build protocol of ${levels === 1 ? 'one level' : 'two levels'}, as the assembly`;
  const hint = `use ${usualBuildProtocol(draft)?.id}`;
  return [
    ...(mismatch
      ? [mistake('protocol-invalid', '/build/protocol', expected, `"${buildProtocol.id}" with ${offered.length}`, hint)]
      : []),
  ];
};

/** Gates: each once. */
export const checkApprovals: Check = (draft) => {
  const seen = new Set<string>();
  return present(draft.approvals).flatMap(({ at, item: { gate } }) => {
    if (gate === undefined || !seen.has(gate)) {
      if (gate !== undefined) seen.add(gate);
      return [];
    }
    return [
      mistake(
        'duplicate-id',
        below('/approvals', at, 'gate'),
        'every gate once',
        `"${gate}" again`,
        'keep one of the two',
      ),
    ];
  });
};
