import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthGuard } from './auth.guard';
import { Tokens } from './tokens';

/** Guards every route of the process. */
@Global()
@Module({ providers: [Tokens, { provide: APP_GUARD, useClass: AuthGuard }], exports: [Tokens] })
export class AuthModule {}
