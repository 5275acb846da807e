import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { FileRef } from '../../libs/device/job';
import { DomainError } from '../../libs/errors/domain-error';
import { inTransaction } from '../transaction';
import type { Caller } from './claim';

/** Size of every chunk of a file but the last, in bytes. */
export const chunkBytes = 1_048_576;
/** Largest file that is taken, in bytes. */
export const mostBytes = 512 * chunkBytes;

/** Immutable, content-addressed files. The default keeps them in PostgreSQL; an object store can stand in for it. */
export interface FileStore {
  /** Stores a whole file; the same content is stored once. */
  put(file: NewFile): Promise<FileRef>;
  /** Takes one chunk of an upload that belongs to a dispatch. Idempotent. */
  putChunk(upload: Caller & UploadChunk): Promise<void>;
  /** What an upload still lacks. @throws DomainError `not-found` */
  missing(upload: Caller & Upload): Promise<{ bytes: number; missing: number[] }>;
  /** Whether a file is a worklist or a result of a dispatch that the device of this actor holds or held. */
  isOfDevice(actorId: string, tenantId: string, sha256: string): Promise<boolean>;
  describe(tenantId: string, sha256: string): Promise<FileRef | undefined>;
  /** Content in order, chunk by chunk. @throws DomainError `not-found` */
  read(tenantId: string, sha256: string): AsyncIterable<Buffer>;
}

/** A whole file to store. */
export interface NewFile {
  readonly tenantId: string;
  readonly name: string;
  readonly mediaType: string;
  readonly content: Buffer;
}

/** Names an upload: one content for one dispatch. */
export interface Upload {
  readonly tenantId: string;
  readonly dispatchId: string;
  /** Hex. */
  readonly sha256: string;
}

/** A piece of an upload; `bytes` is the size of the whole. */
export interface UploadChunk extends Upload {
  readonly bytes: number;
  readonly index: number;
  readonly content: Buffer;
}

/** Files as chunks in PostgreSQL, so that an outcome and its files become facts in one transaction. */
export class PostgresFileStore implements FileStore {
  constructor(private readonly pool: Pool) {}

  put(file: NewFile): Promise<FileRef> {
    return inTransaction(this.pool, (client) => putFile(client, file));
  }

  async putChunk(upload: Caller & UploadChunk): Promise<void> {
    checkChunk(upload);
    await inTransaction(this.pool, async (client) => {
      const { rowCount } = await client.query(
        `insert into upload (tenant_id, owner_kind, owner_id, sha256, bytes)
         select d.tenant_id, 'dispatch', d.id, decode($3, 'hex'), $4 from dispatch d join device v on v.id = d.device_id
         where d.id = $2 and d.tenant_id = $1 and (v.actor_id = $5 or $6)
         on conflict (tenant_id, owner_kind, owner_id, sha256) do update set last_chunk_at = now()
         where upload.bytes = excluded.bytes`,
        [upload.tenantId, upload.dispatchId, upload.sha256, upload.bytes, upload.actorId, upload.anyDevice],
      );
      if (!rowCount) {
        throw new DomainError(
          'not-found',
          `no dispatch ${upload.dispatchId} takes an upload of ${upload.bytes} bytes from here`,
        );
      }
      await client.query(
        `insert into file_chunk (tenant_id, sha256, index, content)
         select $1, decode($2, 'hex'), $3, $4
         where not exists (select 1 from file where tenant_id = $1 and sha256 = decode($2, 'hex'))
         on conflict do nothing`,
        [upload.tenantId, upload.sha256, upload.index, upload.content],
      );
    });
  }

  async missing(upload: Caller & Upload): Promise<{ bytes: number; missing: number[] }> {
    const { rows } = await this.pool.query<{ bytes: string; missing: number[] }>(
      `select u.bytes, array(
         select i from generate_series(0, (u.bytes + ${chunkBytes - 1}) / ${chunkBytes} - 1) i
         where not exists (select 1 from file_chunk c where c.tenant_id = u.tenant_id and c.sha256 = u.sha256 and c.index = i)
         order by i)::int[] as missing
       from upload u
       where u.tenant_id = $1 and u.owner_kind = 'dispatch' and u.owner_id = $2 and u.sha256 = decode($3, 'hex')
         and ($5 or exists (
           select 1 from dispatch d join device v on v.id = d.device_id where d.id = u.owner_id and v.actor_id = $4))`,
      [upload.tenantId, upload.dispatchId, upload.sha256, upload.actorId, upload.anyDevice],
    );
    const row = rows[0];
    if (!row) throw new DomainError('not-found', `no upload of ${upload.sha256} was begun for this dispatch`);
    return { bytes: Number(row.bytes), missing: row.missing };
  }

  async isOfDevice(actorId: string, tenantId: string, sha256: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `select 1 from device v
       where v.actor_id = $1 and (
         exists (select 1 from dispatch d where d.tenant_id = $2 and d.worklist_sha256 = decode($3, 'hex') and d.device_id = v.id)
         or exists (select 1 from dispatch_file f join dispatch d on d.id = f.dispatch_id
           where f.tenant_id = $2 and f.sha256 = decode($3, 'hex') and d.device_id = v.id))`,
      [actorId, tenantId, sha256],
    );
    return rowCount === 1;
  }

  async describe(tenantId: string, sha256: string): Promise<FileRef | undefined> {
    const { rows } = await this.pool.query<{ bytes: string; name: string; media_type: string }>(
      `select bytes, name, media_type from file where tenant_id = $1 and sha256 = decode($2, 'hex')`,
      [tenantId, sha256],
    );
    const row = rows[0];
    return row && { sha256, bytes: Number(row.bytes), name: row.name, mediaType: row.media_type };
  }

  async *read(tenantId: string, sha256: string): AsyncIterable<Buffer> {
    const file = await this.describe(tenantId, sha256);
    if (!file) throw new DomainError('not-found', `there is no file ${sha256}`);
    for (let index = 0; index * chunkBytes < file.bytes; index++) {
      const { rows } = await this.pool.query<{ content: Buffer }>(
        `select content from file_chunk where tenant_id = $1 and sha256 = decode($2, 'hex') and index = $3`,
        [tenantId, sha256, index],
      );
      if (!rows[0]) throw new Error(`file ${sha256} lacks chunk ${index}`);
      yield rows[0].content;
    }
  }
}

/** Stores a whole file inside the caller's transaction. */
export async function putFile(client: Pool | PoolClient, file: NewFile): Promise<FileRef> {
  const { tenantId, name, mediaType, content } = file;
  const digest = createHash('sha256').update(content).digest();
  const known = await client.query('select 1 from file where tenant_id = $1 and sha256 = $2', [tenantId, digest]);
  if (!known.rowCount) {
    await client.query(
      'insert into file (tenant_id, sha256, bytes, media_type, name) values ($1, $2, $3, $4, $5) on conflict do nothing',
      [tenantId, digest, content.length, mediaType, name],
    );
    for (let index = 0; index * chunkBytes < content.length; index++) {
      const chunk = content.subarray(index * chunkBytes, (index + 1) * chunkBytes);
      // A half-sent upload of the same name may have left something else here: a whole file knows better.
      await client.query(
        `insert into file_chunk (tenant_id, sha256, index, content) values ($1, $2, $3, $4)
         on conflict (tenant_id, sha256, index) do update set content = excluded.content`,
        [tenantId, digest, index, chunk],
      );
    }
  }
  return { sha256: digest.toString('hex'), bytes: content.length, name, mediaType };
}

function checkChunk({ bytes, index, content }: UploadChunk): void {
  const count = Math.ceil(bytes / chunkBytes);
  if (bytes > mostBytes)
    throw new DomainError('over-limit', `a file has at most ${mostBytes} bytes, this one ${bytes}`);
  if (index >= count)
    throw new DomainError('out-of-range', `a file of ${bytes} bytes has ${count} chunks, there is no index ${index}`);
  const expected = index === count - 1 ? bytes - index * chunkBytes : chunkBytes;
  if (content.length !== expected) {
    throw new DomainError(
      'out-of-range',
      `chunk ${index} of ${bytes} bytes has ${expected} bytes, ${content.length} came`,
    );
  }
}
