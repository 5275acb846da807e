// Runs one benchmark, conformance or chaos suite by name: `npm run bench -- loop --seconds 30`.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [kind, name, ...rest] = process.argv.slice(2);
const folder = join(resolve(dirname(fileURLToPath(import.meta.url)), '..'), 'dist/test', kind ?? '');
const file = join(folder, `${name}.js`);
if (!name || !existsSync(file)) {
  const known = existsSync(folder)
    ? readdirSync(folder).filter(
        (entry) =>
          entry.endsWith('.main.js') || (entry.endsWith('.js') && !entry.includes('.', entry.indexOf('.js') + 1)),
      )
    : [];
  console.error(
    `${kind}: expected a name, found "${name ?? ''}"; there are: ${known.map((entry) => entry.replace(/\.js$/, '')).join(', ') || 'none (build first: npm run build)'}`,
  );
  process.exit(2);
}
process.argv = [process.argv[0], file, ...rest];
await import(pathToFileURL(file).href);
