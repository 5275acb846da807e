import { createHash, randomBytes } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Role } from '../libs/campaign/roles';
import { newId, siteId as siteIdOf, tenantId as tenantIdOf } from './ids';
import { inTransaction } from './transaction';

/** Name of the actor that stands for Anneal itself. */
export const systemActor = 'anneal';

/** Who writes. */
export interface ActorRef {
  readonly tenantId: string;
  readonly kind: 'person' | 'device' | 'system';
  readonly name: string;
  readonly roles?: readonly Role[];
}

/** What an installation is made of, to begin with. */
export interface Installation {
  readonly tenantId: string;
  readonly siteId: string;
  readonly systemActorId: string;
}

/** Makes tenant, site, the site's clock and the system actor when they are missing. */
export async function ensureInstallation(
  pool: Pool,
  wanted: {
    readonly tenant?: string;
    readonly site?: string;
    readonly clockMode: 'wall' | 'virtual';
    readonly now?: Date;
  },
): Promise<Installation> {
  return inTransaction(pool, async (client) => {
    await client.query('lock table tenant in share row exclusive mode');
    const tenantId = await ensureTenant(client, wanted.tenant ?? 'default');
    const systemActorId = await ensureActor(client, { tenantId, kind: 'system', name: systemActor });
    const siteId = await ensureSite(client, tenantId, wanted.site ?? 'main');
    await client.query(
      `insert into lab_clock (site_id, tenant_id, mode, now_at) values ($1, $2, $3, $4) on conflict do nothing`,
      [siteId, tenantId, wanted.clockMode, wanted.clockMode === 'virtual' ? (wanted.now ?? virtualEpoch) : null],
    );
    return { tenantId, siteId, systemActorId };
  });
}

/** Where a virtual lab's time begins when nobody says otherwise. */
export const virtualEpoch = new Date('2026-01-05T08:00:00Z');

/**
 * Gives an actor, made when missing, a bearer token of 256 random bits. Only its SHA-256 is kept: the token is shown once.
 * Roles of an actor that exists are set to the given ones.
 */
export async function issueToken(pool: Pool, actor: ActorRef): Promise<{ token: string; actorId: string }> {
  const token = randomBytes(32).toString('base64url');
  return inTransaction(pool, async (client) => {
    const actorId = await ensureActor(client, actor);
    await client.query('insert into access_token (id, tenant_id, actor_id, sha256) values ($1, $2, $3, $4)', [
      newId(),
      actor.tenantId,
      actorId,
      tokenSha256(token),
    ]);
    return { token, actorId };
  });
}

/** What is stored of a bearer token. */
export const tokenSha256 = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Id of an actor, made when missing. Given roles replace those it has. */
export async function ensureActor(client: Pool | PoolClient, actor: ActorRef): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into actor (id, tenant_id, kind, name, roles) values ($1, $2, $3, $4, coalesce($5, '{}'::text[]))
     on conflict (tenant_id, kind, name) do update set roles = coalesce($5, actor.roles) returning id`,
    [newId(), actor.tenantId, actor.kind, actor.name, actor.roles ?? null],
  );
  return (rows[0] as { id: string }).id;
}

async function ensureTenant(client: PoolClient, slug: string): Promise<string> {
  await client.query('insert into tenant (id, slug, name) values ($1, $2, $2) on conflict do nothing', [
    tenantIdOf(slug),
    slug,
  ]);
  const { rows } = await client.query<{ id: string }>('select id from tenant where slug = $1', [slug]);
  return (rows[0] as { id: string }).id;
}

async function ensureSite(client: PoolClient, tenantId: string, slug: string): Promise<string> {
  await client.query(
    'insert into site (id, tenant_id, slug, name) values ($1, $2, $3, $3) on conflict (tenant_id, slug) do nothing',
    [siteIdOf(tenantId, slug), tenantId, slug],
  );
  const { rows } = await client.query<{ id: string }>('select id from site where tenant_id = $1 and slug = $2', [
    tenantId,
    slug,
  ]);
  return (rows[0] as { id: string }).id;
}
