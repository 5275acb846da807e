import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { beginCredential } from '../../../db/lab/credentials';
import { tokenSha256 } from '../../../db/seed';
import { POOL } from '../../../libs/platform/database/database.module';
import type { Actor } from './actor';

/** An expired token is refused after this long at the latest, ms; a revoked one at once. */
const rememberMs = 10_000;
const mostRemembered = 5_000;

/** A request that is being answered, and how to end it. */
interface Attended {
  readonly token: string;
  readonly end: () => void;
}

/**
 * Knows whose token it is. Remembers for a few seconds, since a device asks several times a second, and only while PostgreSQL's
 * notices of ended tokens are heard: a revoked token is good nowhere any more.
 */
@Injectable()
export class Tokens {
  private readonly known = new Map<string, { readonly actor: Actor; readonly until: number }>();
  private readonly attended = new Map<string, Set<Attended>>();
  private hearsNotices = false;
  /** Grows when something is forgotten: what was looked up before is not remembered after. */
  private generation = 0;

  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** Actor of a valid token. */
  async actorOf(token: string): Promise<Actor | undefined> {
    const remembered = this.known.get(token);
    if (remembered && remembered.until > performance.now()) return remembered.actor;
    const { generation } = this;
    const actor = await this.look(tokenSha256(token));
    if (this.known.size >= mostRemembered) this.known.clear();
    this.known.delete(token);
    if (actor && this.hearsNotices && generation === this.generation)
      this.known.set(token, { actor, until: performance.now() + rememberMs });
    return actor;
  }

  /** Tokens of an actor changed: looks them up anew, and ends the requests that came with one that is no longer good. */
  forget(actorId: string): void {
    this.generation++;
    for (const [key, { actor }] of this.known) if (actor.id === actorId) this.known.delete(key);
    for (const { token, end } of this.attended.get(actorId) ?? [])
      this.actorOf(token).then(
        (actor) => (actor ? undefined : end()),
        () => end(),
      );
  }

  /** Whether notices of changes are heard from now on. */
  trustNotices(heard: boolean): void {
    this.hearsNotices = heard;
    this.generation++;
    this.known.clear();
    if (heard) for (const actorId of this.attended.keys()) this.forget(actorId);
  }

  /** Ends a request, a long poll perhaps, when its token ends. @returns what to call when it was answered */
  attend(actor: Actor, token: string, end: () => void): () => void {
    const one = { token, end };
    const ofActor = this.attended.get(actor.id) ?? new Set();
    this.attended.set(actor.id, ofActor.add(one));
    return () => {
      ofActor.delete(one);
      if (ofActor.size === 0 && this.attended.get(actor.id) === ofActor) this.attended.delete(actor.id);
    };
  }

  private async look(digest: Buffer): Promise<Actor | undefined> {
    const { rows } = await this.pool.query<Actor & { begins: boolean }>({
      name: 'actor-of-token',
      text: `select a.id, a.tenant_id as "tenantId", a.kind, a.name, a.roles, t.id as "tokenId",
          t.replaces_id is not null and t.used_at is null as begins
        from access_token t join actor a on a.id = t.actor_id
        where t.sha256 = $1 and t.revoked_at is null and (t.ends_at is null or t.ends_at > now())`,
      values: [digest],
    });
    if (!rows[0]) return undefined;
    const { begins, ...actor } = rows[0];
    if (begins) await beginCredential(this.pool, { actorId: actor.id, tokenId: actor.tokenId });
    return actor;
  }
}
