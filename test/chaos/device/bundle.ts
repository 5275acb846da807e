import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { transformSync } from '@swc/core';
import { build } from 'esbuild';

/** A change of one source file: of TypeScript when the lane is bundled, of SQL when its database is made. */
export interface Patch {
  /** Path within the repository. */
  readonly file: string;
  readonly find: RegExp;
  readonly replace: string;
}

/** Applies a patch. @throws Error when there is nothing to replace: the source has moved on */
export function patched(text: string, { file, find, replace }: Patch): string {
  const mutated = text.replace(find, replace);
  if (mutated === text) throw new Error(`the mutant does not fit ${file} any more: ${String(find)} is not in it`);
  return mutated;
}

/**
 * Bundles a lane from the sources, patched. The decorators' metadata, which validation lives by, comes from swc; packages stay
 * where they are.
 * @returns path of the script
 */
export async function bundleLane(root: string, entry: string, patches: readonly Patch[]): Promise<string> {
  const folder = join(root, 'dist', 'chaos-device');
  mkdirSync(folder, { recursive: true });
  const key = createHash('sha256').update(
    JSON.stringify([entry, process.pid, patches.map(({ find, replace }) => [String(find), replace])]),
  );
  const outfile = join(folder, `lane-${key.digest('hex').slice(0, 12)}.js`);
  const applied = new Set<Patch>();
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    target: 'node20',
    packages: 'external',
    // Scripts that are imported do not run.
    define: { 'require.main': 'undefined' },
    sourcemap: 'inline',
    outfile,
    logLevel: 'error',
    plugins: [
      {
        name: 'sources',
        setup: (setup) =>
          setup.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            let text = readFileSync(path, 'utf8');
            for (const patch of patches.filter(({ file }) => file === relative(root, path))) {
              text = patched(text, patch);
              applied.add(patch);
            }
            return { contents: compiled(text, path), loader: 'js' };
          }),
      },
    ],
  });
  for (const patch of patches) if (!applied.has(patch)) throw new Error(`${patch.file} is not part of the lane`);
  return outfile;
}

function compiled(text: string, path: string): string {
  return transformSync(text, {
    filename: path,
    sourceMaps: 'inline',
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'es6' },
  }).code;
}
