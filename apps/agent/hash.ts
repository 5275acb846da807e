import { createHash } from 'node:crypto';

/** @throws Error naming what arrived changed */
export function assertHash(content: Uint8Array, sha256: string, what: string): void {
  const found = createHash('sha256').update(content).digest('hex');
  if (found !== sha256) throw new Error(`${what} is expected to be ${sha256} and arrived as ${found}`);
}
