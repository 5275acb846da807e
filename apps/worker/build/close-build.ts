import type { Pool } from 'pg';
import { plasmidFacts } from '../../../db/science/build-facts';
import { loadDesigns, settleDesigns } from '../../../db/science/constructs';
import type { RoundKey } from '../../../db/science/round-facts';
import { loadRound } from '../../../db/science/round-facts';
import { inTransaction } from '../../../db/transaction';
import type { NeededPlasmid, PlasmidFacts } from '../../../libs/build/build-verdict';
import { judgeBuild } from '../../../libs/build/build-verdict';
import type { Built } from '../../../workflows/build/build.activities';
import type { Plasmid } from '../design/plasmids';
import { plasmidsOf } from '../design/plasmids';

const never: PlasmidFacts = { reactions: 0, cultures: 0, grown: 0, accepted: 0 };

/** Settles every design of a round as built or failed, by what its clones turned out to be. */
export async function closeBuild(pool: Pool, round: RoundKey): Promise<Built> {
  const { tenantId, campaign } = await loadRound(pool, round);
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
  const settled = designs.map(({ designIndex, plasmids }) => ({
    designIndex,
    ...judgeBuild(plasmids.units.map(needed), needed(plasmids.construct)),
  }));
  await inTransaction(pool, (client) => settleDesigns(client, round, settled));
  const built = settled.filter(({ status }) => status === 'built').length;
  const fraction = settled.length === 0 ? 0 : built / settled.length;
  return {
    built,
    failed: settled.length - built,
    fraction,
    proceed: built > 0 && fraction >= campaign.build.proceedIfBuiltFraction,
  };
}
