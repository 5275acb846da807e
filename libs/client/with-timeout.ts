/**
 * Runs a request that ends after `ms` or when the signal does. Nothing stays attached to the signal afterwards, which lives as
 * long as the process.
 */
export async function withTimeout<T>(
  ms: number,
  signal: AbortSignal,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const end = (): void => own.abort(signal.reason ?? new Error(`no answer within ${ms} ms`));
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await request(own.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
