import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrationsFolder, readMigrations } from './migrate';

/** Objects of the schema as text, one query per kind, each sorted by name; the order of creation does not show. */
const queries: readonly string[] = [
  `select 'create sequence ' || c.relname || ';' as text from pg_class c
   where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
     and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'i') order by c.relname`,
  `select 'create type ' || t.typname || ' as (' || string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) || ');' as text
   from pg_type t join pg_class c on c.oid = t.typrelid and c.relkind = 'c' join pg_attribute a on a.attrelid = c.oid
   where t.typnamespace = 'public'::regnamespace group by t.typname order by t.typname`,
  `select 'create table ' || c.relname || E' (\n' || (
     select string_agg('  ' || line, E',\n' order by kind, place) from (
       select 1 as kind, lpad(a.attnum::text, 4, '0') as place, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
         || case when a.attnotnull then ' not null' else '' end
         || case a.attidentity when 'a' then ' generated always as identity' else coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') end as line
       from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       union all
       select 2, k.contype::text || k.conname, 'constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
       from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n'
     ) lines) || E'\n)' || coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', '') || ';' as text
   from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'schema_migration'
   order by c.relname`,
  `select pg_get_indexdef(i.indexrelid) || ';' as text from pg_index i join pg_class c on c.oid = i.indexrelid
   where c.relnamespace = 'public'::regnamespace
     and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid) order by c.relname`,
  `select 'create view ' || viewname || E' as\n' || definition as text from pg_views where schemaname = 'public' order by viewname`,
  // Their text stands in db/functions; here only which there are: one of an earlier signature shows.
  `select format('-- function %s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) as text
   from pg_proc p where p.pronamespace = 'public'::regnamespace order by 1`,
  `select pg_get_triggerdef(t.oid) || ';' as text from pg_trigger t join pg_class c on c.oid = t.tgrelid
   where not t.tgisinternal order by c.relname, t.tgname`,
  `select format('-- dispatch_transition: %s to %s', from_state, to_state) as text from dispatch_transition order by 1`,
];

/** The schema of a migrated database, always in the same words. */
export async function dumpSchema(client: Pick<Client, 'query'>): Promise<string> {
  await client.query(`set search_path = public`);
  const parts: string[] = [];
  for (const query of queries) {
    const { rows } = await client.query<{ text: string }>(query);
    parts.push(rows.map(({ text }) => text.trimEnd()).join('\n\n'));
  }
  return `${header()}\n${parts.filter(Boolean).join('\n\n')}\n`;
}

/** Names the migrations the dump was made from, so that a stale one is found without a database. */
function header(): string {
  const digest = createHash('sha256');
  for (const { version, sha256 } of readMigrations()) digest.update(`${version} ${sha256}\n`);
  return `-- What the migrations make, dumped by db/dump-schema.ts. Not edited by hand.\n-- Migrations: ${digest.digest('hex')}\n`;
}

/** Path of the dump that is kept beside the migrations. */
export const schemaFile = (): string => join(migrationsFolder(), '..', 'schema.sql');

async function main(): Promise<void> {
  const databaseUrl = process.env['DATABASE_URL'];
  const check = process.argv.includes('--check');
  if (!databaseUrl && !check) throw new Error('DATABASE_URL is not set: a migrated database to dump.');
  const text = databaseUrl ? await dumpFrom(databaseUrl) : header();
  if (!check) return writeFileSync(schemaFile(), text);
  const kept = readFileSync(schemaFile(), 'utf8');
  if (databaseUrl ? kept !== text : !kept.startsWith(text)) {
    process.stderr.write('db/schema.sql is stale: run DUMP_SCHEMA=1 npx jest db/schema\n');
    process.exitCode = 1;
  }
}

async function dumpFrom(databaseUrl: string): Promise<string> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  return dumpSchema(client).finally(() => client.end());
}

if (require.main === module) void main();
