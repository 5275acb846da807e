import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { mistake } from '../protocol/document/mistake';
import type { CampaignDraft, Check } from './check-context';
import { optionsOf, rulesOf } from './check-context';
import { countAll, countAllowed } from './count-designs';

/** Budget against library, first round, money and calendar. */
export const checkBudget: Check = (draft, { today }) => [
  ...checkRoundsAgainstSpace(draft),
  ...checkRuns(draft),
  ...checkMoney(draft),
  ...checkConfirm(draft),
  ...checkDeadline(draft, today),
];

/** Rounds and batches, when both are known. */
function runsOf(draft: CampaignDraft): { readonly rounds: number; readonly batch: number } | undefined {
  const { maxRounds: rounds, constructsPerRound: batch } = draft.budget ?? {};
  return rounds === undefined || batch === undefined ? undefined : { rounds, batch };
}

/** A library without any allowed design is its own mistake; its size before the rules still counts here. */
function checkRoundsAgainstSpace(draft: CampaignDraft): Mistake[] {
  const [runs, options] = [runsOf(draft), optionsOf(draft)];
  if (!runs || !options) return [];
  const designs =
    countAllowed(
      options,
      rulesOf(draft).map(({ forbid }) => forbid),
    ) || countAll(options);
  const wanted = runs.rounds * runs.batch;
  if (wanted <= designs) return [];
  const fitting = Math.floor(designs / runs.batch);
  const hint =
    fitting > 0
      ? `write maxRounds: ${fitting}, or add options`
      : `write constructsPerRound: ${designs}, or add options`;
  return [
    mistake(
      'batch-exceeds-space',
      '/budget/maxRounds',
      `rounds for at most ${designs} designs`,
      `${runs.rounds} × ${runs.batch} = ${wanted}`,
      hint,
    ),
  ];
}

/** A first round with fewer runs than main effects cannot tell the parts apart. */
function checkRuns(draft: CampaignDraft): Mistake[] {
  const [runs, options] = [runsOf(draft), optionsOf(draft)];
  const required = present(draft.library?.mustInclude).length;
  if (!runs) return [];
  const where = '/budget/constructsPerRound';
  if (required > runs.batch)
    return [
      mistake(
        'too-few-runs',
        where,
        `room for the ${required} designs of mustInclude`,
        `${runs.batch}`,
        `write ${required} or more`,
      ),
    ];
  if (!options) return [];
  const parameters = [...options.values()].reduce((sum, parts) => sum + parts.length - 1, 1);
  if (runs.batch >= parameters || parameters > countAll(options)) return [];
  const expected = `at least ${parameters} runs, the main effects of the library (1 + options − 1 per slot)`;
  return [mistake('too-few-runs', where, expected, `${runs.batch}`, `write ${parameters} or more, or remove options`)];
}

function checkMoney(draft: CampaignDraft): Mistake[] {
  const runs = runsOf(draft);
  const { max, perConstruct, currency = '' } = draft.budget ?? {};
  if (max === undefined) return [];
  if (perConstruct === undefined) {
    const expected = 'the cost of one construct, to compare with max';
    return [mistake('missing-key', '/budget/perConstruct', expected, 'nothing', 'add "perConstruct: …"')];
  }
  if (!runs) return [];
  const cost = runs.rounds * runs.batch * perConstruct;
  if (cost <= max) return [];
  const rounds = Math.floor(max / (runs.batch * perConstruct));
  const found = `${max} for ${runs.rounds} × ${runs.batch} × ${perConstruct} = ${cost} ${currency}`;
  const hint =
    rounds > 0 ? `write max: ${cost}, or maxRounds: ${rounds}` : `write max: ${cost}, or fewer constructs per round`;
  return [mistake('budget-arithmetic', '/budget/max', `at least ${cost} ${currency}`, found, hint)];
}

function checkConfirm(draft: CampaignDraft): Mistake[] {
  const runs = runsOf(draft);
  const confirmTop = draft.budget?.confirmTop;
  if (!runs || confirmTop === undefined || confirmTop <= runs.rounds * runs.batch) return [];
  const expected = `at most the ${runs.rounds * runs.batch} constructs of all rounds`;
  return [
    mistake('budget-arithmetic', '/budget/confirmTop', expected, `${confirmTop}`, `write ${runs.batch} or fewer`),
  ];
}

function checkDeadline(draft: CampaignDraft, today: string | undefined): Mistake[] {
  const deadline = draft.budget?.deadline;
  if (deadline === undefined || today === undefined || deadline >= today.slice(0, 10)) return [];
  return [
    mistake(
      'bad-date',
      '/budget/deadline',
      `a day from ${today.slice(0, 10)} on`,
      `"${deadline}"`,
      'write a day to come',
    ),
  ];
}
