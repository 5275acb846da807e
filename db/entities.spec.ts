import { testDatabase } from '../libs/testing/database';
import type { TestDatabase } from '../libs/testing/database';
import { createDataSource } from '../libs/platform/database/data-source';

describe('entities', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.close());

  it('say the same as the migrated schema: tables, columns, types, nullability, keys', async () => {
    const dataSource = createDataSource({ databaseUrl: db.url, poolSize: 2, applicationName: 'spec' });
    await dataSource.initialize();
    const described = dataSource.entityMetadatas.flatMap((entity) =>
      entity.columns.map(
        (column) =>
          `${entity.tableName}.${column.databaseName} ${String(column.type)}${column.isArray ? '[]' : ''}` +
          `${column.isNullable ? ' null' : ''}${column.isPrimary ? ' key' : ''}`,
      ),
    );
    await dataSource.destroy();
    const { rows } = await db.pool.query<{ line: string }>(
      `select c.relname || '.' || a.attname || ' ' ||
         replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz') ||
         case when a.attnotnull then '' else ' null' end ||
         case when a.attnum = any (k.conkey) then ' key' else '' end as line
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
       where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'schema_migration'`,
    );
    expect(described.sort()).toEqual(rows.map(({ line }) => line).sort());
  });
});
