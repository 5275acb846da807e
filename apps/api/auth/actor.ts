import { createParamDecorator, SetMetadata } from '@nestjs/common';
import type { CustomDecorator, ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { Role } from '../../../libs/campaign/roles';
import type { Caller } from '../../../db/device-work/claim';

/** Who makes a request. */
export interface Actor {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: 'person' | 'device' | 'system';
  readonly name: string;
  readonly roles: readonly Role[];
  /** Id of the token the request came with. */
  readonly tokenId: string;
}

/** A request whose actor the guard found. */
export interface AuthenticatedRequest extends Request {
  actor: Actor;
}

/** Injects the actor of a request into a controller's method. */
export const CurrentActor = createParamDecorator(
  (_options: unknown, context: ExecutionContext): Actor =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().actor,
);

/** Who may call: roles of persons, `device`, or `person` for anyone with a role. */
export type Allowed = Role | 'device' | 'person';

/** Metadata keys the guard reads. */
export const allowedKey = 'anneal:allowed';
export const publicKey = 'anneal:public';

/** Limits a route to these callers; without it any person may call. */
export const Allow = (...allowed: readonly Allowed[]): CustomDecorator => SetMetadata(allowedKey, allowed);

/** Opens a route to callers without a token. */
export const Public = (): CustomDecorator => SetMetadata(publicKey, true);

/** The actor as the device functions know it: an operator may act for any device. */
export const callerOf = (actor: Actor): Caller => ({
  tenantId: actor.tenantId,
  actorId: actor.id,
  anyDevice: actor.kind === 'person' && actor.roles.some((role) => role === 'operator' || role === 'ops'),
});
