import type { Writer } from '../../../db/lab/devices';
import { DomainError } from '../../../libs/errors/domain-error';
import type { Actor } from '../auth/actor';
import { defaultSite } from '../config';

/** A row as it is answered: what has no value is left out. */
export function withoutNulls<T extends object>(row: T): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}

/** The actor as a writer of facts of the default site. */
export const writerOf = (actor: Actor): Writer => ({ tenantId: actor.tenantId, actorId: actor.id, site: defaultSite });

/** The key every POST that creates carries. @throws DomainError `missing-key` */
export function idempotencyKey(header: string | undefined): string {
  if (!header || header.length > 200)
    throw new DomainError('missing-key', 'send a header Idempotency-Key of 1 to 200 characters');
  return header;
}
