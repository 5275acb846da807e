import type { Mistake } from '../protocol/document/mistake';
import { below, mistake } from '../protocol/document/mistake';
import { checkAssay } from './check-assay';
import { checkAssembly } from './check-assembly';
import { checkBudget } from './check-budget';
import type { CampaignDraft, Check } from './check-context';
import { checkControls, warnControls } from './check-controls';
import { checkObjectives, checkStop } from './check-goal';
import { checkLibrary } from './check-library';
import type { CampaignContext } from './check-references';
import { checkApprovals, checkProtocols, resolveReferences } from './check-references';
import { warnAssembly } from './warn-assembly';

const checkClones: Check = (draft) => {
  const [measured, picked] = [draft.replication?.clonesPerDesign, draft.build?.clonesPerDesign];
  if (measured === undefined || picked === undefined || measured <= picked) return [];
  const pointer = below('/replication', 'clonesPerDesign');
  const expected = `at most the ${picked} clones picked per design`;
  return [mistake('out-of-range', pointer, expected, `${measured}`, `write build.clonesPerDesign: ${measured}`)];
};

const checks: readonly Check[] = [
  checkLibrary,
  checkAssembly,
  checkAssay,
  checkControls,
  checkObjectives,
  checkStop,
  checkBudget,
  checkProtocols,
  checkApprovals,
  checkClones,
];
const warnings: readonly Check[] = [warnAssembly, warnControls];

/** Checks what a campaign means, as far as it could be read: everything wrong, and everything odd, at once. */
export function checkCampaign(
  draft: CampaignDraft,
  known: CampaignContext,
): { readonly mistakes: readonly Mistake[]; readonly warnings: readonly Mistake[] } {
  const { context, mistakes } = resolveReferences(draft, known);
  return {
    mistakes: [...mistakes, ...checks.flatMap((check) => check(draft, context))],
    warnings: warnings.flatMap((check) => check(draft, context)),
  };
}
