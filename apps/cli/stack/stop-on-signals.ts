/** Why a stack ends. */
export type StopReason = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'fault' | 'parent-gone' | 'asked';

/** Exit code a process ends with for each reason. */
const exitCodes: Readonly<Record<StopReason, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
  fault: 1,
  'parent-gone': 1,
  asked: 0,
};

/** What happens on a signal. */
export interface SignalPlan {
  /** Orderly stop. */
  readonly stop: (reason: StopReason) => Promise<void>;
  /** For a second signal: end at once. */
  readonly killAll: () => void;
  readonly say: (line: string) => void;
}

/** One Ctrl-C may arrive several times: from the terminal and from each parent that passes it on. */
const sameSignalMs = 1_000;

/**
 * Stops everything on Ctrl-C, SIGTERM, SIGHUP, an uncaught error, or when the process that started this one over an
 * IPC channel is gone; then ends this process. A later second signal kills at once.
 * @returns a function that takes the handlers away again
 */
export function stopOnSignals(plan: SignalPlan): () => void {
  let since: number | undefined;
  const end = (reason: StopReason): void => {
    if (since !== undefined) {
      if (Date.now() - since < sameSignalMs) return;
      plan.killAll();
      process.exit(exitCodes[reason]);
    }
    since = Date.now();
    if (reason === 'SIGINT') plan.say('stopping (Ctrl-C again to kill at once)');
    void plan.stop(reason).finally(() => process.exit(exitCodes[reason]));
  };
  const fault = (error: unknown): void => {
    plan.say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    end('fault');
  };
  const parentGone = (): void => end('parent-gone');
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, end);
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
  process.on('disconnect', parentGone);
  process.channel?.unref();
  return () => {
    for (const signal of signals) process.off(signal, end);
    process.off('uncaughtException', fault);
    process.off('unhandledRejection', fault);
    process.off('disconnect', parentGone);
  };
}
