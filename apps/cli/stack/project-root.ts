import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder of the checkout, found from the sources as well as from the compiled code. */
export const projectRoot: string = findRoot(__dirname);

function findRoot(from: string): string {
  if (existsSync(join(from, 'package-lock.json')) || dirname(from) === from) return from;
  return findRoot(dirname(from));
}
