import { testDatabase } from '../libs/testing/database';
import type { TestDatabase } from '../libs/testing/database';
import { migrate, readFunctions, readMigrations } from './migrate';
import { ensureInstallation, issueToken, tokenSha256 } from './seed';

describe('installation', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.close());

  it('migrates once, whoever asks and however many at a time', async () => {
    const again = await Promise.all([migrate(db.url), migrate(db.url)]);
    expect(again).toEqual([{ applied: [] }, { applied: [] }]);
  });

  it('refuses a migration that was changed after it was applied', async () => {
    const changed = readMigrations().map((migration) => ({ ...migration, sha256: 'other' }));
    await expect(migrate(db.url, changed)).rejects.toThrow('was applied with other content');
  });

  it('replaces the functions when they are not the ones in force, and only then', async () => {
    const { sql } = readFunctions();
    const changed = { sql: `${sql}\ncreate or replace function iso_time(at timestamptz) returns text language sql as $$ select 'x' $$;`, sha256: 'changed' }; // prettier-ignore
    expect(await migrate(db.url, readMigrations(), changed)).toEqual({ applied: ['functions'] });
    expect((await db.pool.query('select iso_time(now())')).rows).toEqual([{ iso_time: 'x' }]);
    expect(await migrate(db.url)).toEqual({ applied: ['functions'] });
    expect(await migrate(db.url)).toEqual({ applied: [] });
  });

  it('is the same installation when it is made again', async () => {
    const { tenantId, siteId, systemActorId } = db;
    const again = await Promise.all([1, 2, 3].map(() => ensureInstallation(db.pool, { clockMode: 'wall' })));
    for (const one of again) expect(one).toEqual({ tenantId, siteId, systemActorId });
  });

  it('keeps only the hash of a token', async () => {
    const { token, actorId } = await issueToken(db.pool, {
      tenantId: db.tenantId,
      kind: 'person',
      name: 'ada',
      roles: ['ops'],
    });
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    const { rows } = await db.pool.query('select actor_id, sha256 from access_token');
    expect(rows).toEqual([{ actor_id: actorId, sha256: tokenSha256(token) }]);
  });
});
