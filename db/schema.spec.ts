import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { testDatabase } from '../libs/testing/database';
import type { TestDatabase } from '../libs/testing/database';
import { dumpSchema, schemaFile } from './dump-schema';

describe('schema.sql', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.close());

  it('is what the migrations make (DUMP_SCHEMA=1 writes it)', async () => {
    const client = await db.pool.connect();
    const text = await dumpSchema(client).finally(() => client.release());
    if (process.env['DUMP_SCHEMA'] === '1') writeFileSync(schemaFile(), text);
    expect(existsSync(schemaFile()) ? readFileSync(schemaFile(), 'utf8') : '').toBe(text);
  });
});
