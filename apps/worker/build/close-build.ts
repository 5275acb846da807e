import type { Pool } from 'pg';
import { plasmidFacts } from '../../../db/science/build-facts';
import { loadDesigns, settleDesigns } from '../../../db/science/constructs';
import type { RoundKey } from '../../../db/science/round-facts';
import { loadRound } from '../../../db/science/round-facts';
import { noteFact } from '../../../db/science/step-results';
import { inTransaction } from '../../../db/transaction';
import type { NeededPlasmid, PlasmidFacts } from '../../../libs/build/build-verdict';
import { judgeBuild } from '../../../libs/build/build-verdict';
import type { Built } from '../../../workflows/build/build.activities';
import type { Plasmid } from '../design/plasmids';
import { plasmidsOf } from '../design/plasmids';

const never: PlasmidFacts = { reactions: 0, cultures: 0, grown: 0, accepted: 0 };

/** Settles every design of a round as built or failed, by what its clones turned out to be. */
export async function closeBuild(pool: Pool, round: RoundKey): Promise<Built> {
  const facts = await loadRound(pool, round);
  const { tenantId, campaign } = facts;
  const designs = (await loadDesigns(pool, round)).map((design) => ({
    ...design,
    plasmids: plasmidsOf(tenantId, campaign, design.choice),
  }));
  const ids = designs.flatMap(({ plasmids }) => [...plasmids.units, plasmids.construct].map(({ id }) => id));
  const known = await plasmidFacts(pool, { ...round, constructIds: [...new Set(ids)] });
  const needed = ({ id, assembled }: Plasmid): NeededPlasmid => ({
    name: assembled.name,
    facts: known.get(id) ?? never,
  });
  const judged = designs.map(({ designIndex, status, plasmids }) => ({
    designIndex,
    before: status,
    verdict: judgeBuild(plasmids.units.map(needed), needed(plasmids.construct)),
  }));
  // What Test has settled already stays as it is.
  const settled = judged
    .filter(({ before }) => before !== 'measured' && before !== 'held')
    .map(({ designIndex, verdict }) => ({ designIndex, ...verdict }));
  const built = judged.filter(({ verdict }) => verdict.status === 'built').length;
  await inTransaction(pool, async (client) => {
    const changed = await settleDesigns(client, round, settled);
    if (changed > 0) await noteFact(client, facts, 'designsBuilt', { round: round.round, built, of: judged.length });
  });
  const fraction = judged.length === 0 ? 0 : built / judged.length;
  return {
    built,
    failed: judged.length - built,
    fraction,
    proceed: built > 0 && fraction >= campaign.build.proceedIfBuiltFraction,
  };
}
