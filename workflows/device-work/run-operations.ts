import { CancellationScope, condition } from '@temporalio/workflow';
import type { OperationRun } from './device-work.activities';
import { blocksAhead, blockSteps, withSummary } from './desk';
import type { Desk } from './desk';
import { deviceWork } from './local-activities';
import { cutIntoBlocks } from './protocol-steps';
import { Recovery } from './recovery';

/** Jobs queued in one transaction at most; more branches than that begin in several. */
const mostJobsAtOnce = 200;

/** A chain of jobs on one labware, cut into blocks. */
interface Chain {
  readonly blocks: readonly (readonly OperationRun[])[];
  readonly stepKeys: readonly string[];
}

/**
 * Has chains of jobs done, side by side. Of each chain the block under way and the next one are queued; the workflow hears
 * at the end of a block and at once of anything but success. Returns when the last job of every chain has succeeded.
 */
export async function runOperations(desk: Desk, chains: readonly (readonly OperationRun[])[]): Promise<void> {
  const branches = chains.filter((chain) => chain.length > 0).map(chainOf);
  if (branches.length === 0) return;
  await begin(desk, branches);
  let open = branches.length;
  await CancellationScope.cancellable(async () => {
    await Promise.all(
      branches.map(async (chain) => {
        await followChain(desk, chain);
        open--;
        const ids = desk.inbox.unwatch(chain.stepKeys);
        if (open > 0) await desk.rest(ids);
        else desk.inbox.carry(ids);
      }),
    );
  });
}

function chainOf(operations: readonly OperationRun[]): Chain {
  const blocks = cutIntoBlocks(operations, blockSteps).map((block) =>
    block.map((run, index) => ({ ...run, tellsSuccess: index === block.length - 1 })),
  );
  return { blocks, stepKeys: operations.map(({ stepKey }) => stepKey) };
}

/** Queues the first blocks of all chains; the last transaction confirms what the stage carries. */
async function begin(desk: Desk, chains: readonly Chain[]): Promise<void> {
  for (const { stepKeys } of chains) desk.inbox.watch(stepKeys);
  const first = chains.flatMap(({ blocks }) => blocks.slice(0, blocksAhead).flat());
  const parts = cutIntoBlocks(first, mostJobsAtOnce);
  const carried = await desk.whenRunning(desk.inbox.takeCarried());
  for (const [index, part] of parts.entries()) await queue(desk, part, index === parts.length - 1 ? carried : []);
}

async function queue(
  desk: Desk,
  operations: readonly OperationRun[],
  handledEventIds: readonly string[],
): Promise<void> {
  const blockKey = operations[0]?.stepKey ?? '';
  desk.line = blockKey;
  const summary = `${operations.length} jobs from ${blockKey}`;
  const jobs = await deviceWork.queueBlock.executeWithOptions(withSummary(summary), [
    { ...desk.stage, blockKey, operations, handledEventIds },
  ]);
  desk.inbox.note(jobs);
}

async function followChain(desk: Desk, chain: Chain): Promise<void> {
  const recovery = new Recovery(desk, chain.stepKeys);
  for (const [index, block] of chain.blocks.entries()) {
    await blockDone(desk, chain, block, recovery);
    const next = chain.blocks[index + blocksAhead];
    if (next) await queue(desk, next, await desk.whenRunning(desk.inbox.take(chain.stepKeys)));
  }
}

/** Waits for the last job of a block; meanwhile mends what went wrong and confirms messages that ask for nothing. */
async function blockDone(
  desk: Desk,
  { stepKeys }: Chain,
  block: readonly OperationRun[],
  recovery: Recovery,
): Promise<void> {
  const last = block.at(-1)?.stepKey ?? '';
  for (;;) {
    await condition(() => desk.inbox.succeeded(last) || recovery.due() || desk.inbox.hasUnconfirmed(stepKeys));
    if (desk.inbox.succeeded(last)) return;
    if (recovery.due()) await recovery.act();
    else await desk.rest(desk.inbox.take(stepKeys));
  }
}
