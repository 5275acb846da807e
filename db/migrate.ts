import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from 'pg';

/** One forward step of the schema, as its file says. */
export interface Migration {
  /** File name without `.sql`; migrations run in the order of their names. */
  readonly version: string;
  readonly sha256: string;
  readonly sql: string;
}

/** The SQL functions of this installation, all files as one text. They have no history: the newest text is in force. */
export interface SqlFunctions {
  readonly sha256: string;
  readonly sql: string;
}

/** Name under which the functions in force are remembered beside the migrations. */
const functionsVersion = 'functions';
/** Any number that every process agrees on: only one of them migrates at a time. */
const migrationLock = 7_241_900_131;
const oldestServer = 180_000;

/** The migrations in `db/migrations` of this installation, in order. */
export function readMigrations(folder: string = migrationsFolder()): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name), 'utf8');
      return { version: name.slice(0, -'.sql'.length), sha256: createHash('sha256').update(sql).digest('hex'), sql };
    });
}

/** The functions in `db/functions` of this installation, in the order of their files' names. */
export function readFunctions(folder: string = functionsFolder()): SqlFunctions {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  const sql = names
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  return { sql, sha256: createHash('sha256').update(sql).digest('hex') };
}

/**
 * Brings the database to the newest schema: every migration that is missing, each in a transaction of its own, then the
 * functions when they are not the ones in force. Processes that start together wait for one another.
 * @returns the versions that were applied, oldest first; `functions` when those were replaced
 * @throws Error when an applied migration was changed afterwards, or the server is older than PostgreSQL 18
 */
export async function migrate(
  databaseUrl: string,
  migrations: readonly Migration[] = readMigrations(),
  functions: SqlFunctions = readFunctions(),
): Promise<{ applied: string[] }> {
  const client = new Client({ connectionString: databaseUrl, application_name: 'anneal-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await requireServer(client);
    return { applied: await applyMissing(client, migrations, functions) };
  } finally {
    await client.end();
  }
}

async function applyMissing(
  client: Client,
  migrations: readonly Migration[],
  functions: SqlFunctions,
): Promise<string[]> {
  await client.query(`create table if not exists schema_migration (
    version text primary key, sha256 text not null, applied_at timestamptz not null default now())`);
  const { rows } = await client.query<{ version: string; sha256: string }>(
    'select version, sha256 from schema_migration',
  );
  const known = new Map(rows.map((row) => [row.version, row.sha256]));
  const applied: string[] = [];
  for (const migration of migrations) {
    const before = known.get(migration.version);
    if (before !== undefined && before !== migration.sha256) {
      throw new Error(
        `Migration ${migration.version} was applied with other content; migrations never change, add another one.`,
      );
    }
    if (before !== undefined) continue;
    await apply(client, migration);
    applied.push(migration.version);
  }
  if (known.get(functionsVersion) === functions.sha256) return applied;
  await apply(client, { version: functionsVersion, ...functions });
  return [...applied, functionsVersion];
}

async function apply(client: Client, migration: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(migration.sql);
    await client.query(
      `insert into schema_migration (version, sha256) values ($1, $2)
       on conflict (version) do update set sha256 = excluded.sha256, applied_at = now()`,
      [migration.version, migration.sha256],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`Migration ${migration.version} failed: ${(error as Error).message}`, { cause: error });
  }
}

async function requireServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  const version = rows[0]?.version ?? 0;
  if (version < oldestServer) throw new Error(`PostgreSQL 18 or newer is needed, this server is ${version}.`);
}

/** The folder of the package's own package.json and migrations, from sources and from `dist` alike. */
export function installationRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'db', 'migrations'))) return folder;
    if (folder === dirname(folder)) throw new Error('No db/migrations folder above this file.');
  }
}

/** Where the SQL files are. */
export const migrationsFolder = (): string => join(installationRoot(), 'db', 'migrations');

const functionsFolder = (): string => join(installationRoot(), 'db', 'functions');

if (require.main === module) {
  const databaseUrl = process.env['DATABASE_URL'];
  if (!databaseUrl) throw new Error('DATABASE_URL is not set.');
  void migrate(databaseUrl).then(({ applied }) => process.stdout.write(`${JSON.stringify({ applied })}\n`));
}
