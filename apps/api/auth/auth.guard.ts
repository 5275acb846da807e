import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { DomainError } from '../../../libs/errors/domain-error';
import { allowedKey, publicKey } from './actor';
import type { Actor, Allowed, AuthenticatedRequest } from './actor';
import { Tokens } from './tokens';

/** Finds the actor of a bearer token and lets it in where its roles allow. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Tokens) private readonly tokens: Tokens,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(publicKey, targets)) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const token = /^Bearer ([\w-]{43})$/.exec(request.headers.authorization ?? '')?.[1];
    const actor = token ? await this.tokens.actorOf(token) : undefined;
    if (!actor) throw new DomainError('unauthenticated', 'send a valid token as "Authorization: Bearer …"');
    const allowed = this.reflector.getAllAndOverride<Allowed[]>(allowedKey, targets) ?? ['person'];
    if (!allowed.some((one) => fits(actor, one))) {
      throw new DomainError('forbidden', `this is for ${allowed.join(', ')}; ${actor.name} is ${describe(actor)}`);
    }
    request.actor = actor;
    if (actor.kind === 'device') this.endWithToken(context, actor, token as string);
    return true;
  }

  /** A device's long poll does not outlive its credential. */
  private endWithToken(context: ExecutionContext, actor: Actor, token: string): void {
    const response = context.switchToHttp().getResponse<Response>();
    const answered = this.tokens.attend(actor, token, () => response.destroy());
    response.once('close', answered);
  }
}

function fits(actor: Actor, allowed: Allowed): boolean {
  if (allowed === 'device' || allowed === 'person') return actor.kind === allowed;
  return actor.kind === 'person' && actor.roles.includes(allowed);
}

const describe = (actor: Actor): string =>
  actor.kind === 'person' ? actor.roles.join(', ') || 'without role' : `a ${actor.kind}`;
