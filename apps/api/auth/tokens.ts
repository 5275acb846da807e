import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { tokenSha256 } from '../../../db/seed';
import { POOL } from '../../../libs/platform/database/database.module';
import type { Actor } from './actor';

/** A revoked token is refused after this long at the latest, ms. */
const rememberMs = 10_000;
const mostRemembered = 5_000;

/** Knows whose token it is; remembers for a few seconds, since a device asks several times a second. */
@Injectable()
export class Tokens {
  private readonly known = new Map<string, { readonly actor: Actor; readonly until: number }>();

  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** Actor of a valid token. */
  async actorOf(token: string): Promise<Actor | undefined> {
    const digest = tokenSha256(token);
    const key = digest.toString('base64');
    const remembered = this.known.get(key);
    if (remembered && remembered.until > performance.now()) return remembered.actor;
    const actor = await this.look(digest);
    if (this.known.size >= mostRemembered) this.known.clear();
    if (actor) this.known.set(key, { actor, until: performance.now() + rememberMs });
    else this.known.delete(key);
    return actor;
  }

  private async look(digest: Buffer): Promise<Actor | undefined> {
    const { rows } = await this.pool.query<Actor>({
      name: 'actor-of-token',
      text: `select a.id, a.tenant_id as "tenantId", a.kind, a.name, a.roles
        from access_token t join actor a on a.id = t.actor_id where t.sha256 = $1 and t.revoked_at is null`,
      values: [digest],
    });
    return rows[0];
  }
}
