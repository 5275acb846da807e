import { Injectable } from '@nestjs/common';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Campaign } from '../../../libs/campaign/campaign';
import type { ErrorCode } from '../../../libs/errors/catalogue';
import { DomainError } from '../../../libs/errors/domain-error';
import type { BatchRequest, Recommendation } from '../../../libs/learn/recommendation';
import type { Screened } from './science';
import { Science } from './science';

/** What a thread is asked. */
export type Question =
  | { readonly kind: 'screen'; readonly campaign: Campaign }
  | { readonly kind: 'recommend'; readonly request: BatchRequest; readonly allowed: Uint8Array };

/** What a thread answers; a refusal crosses as data. */
export type Answer =
  | { readonly value: unknown }
  | {
      readonly refusal: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly details: Readonly<Record<string, unknown>>;
      };
    };

/** Computes in a thread of its own, so that a worker goes on with its other activities. */
@Injectable()
export class ThreadedScience extends Science {
  /** Compiled `science.thread`, beside this file. */
  private readonly script = join(__dirname, 'science.thread.js');

  screen(campaign: Campaign): Promise<Screened> {
    return this.ask({ kind: 'screen', campaign });
  }

  recommend(request: BatchRequest, allowed: Uint8Array): Promise<Recommendation> {
    return this.ask({ kind: 'recommend', request, allowed });
  }

  private ask<T>(question: Question): Promise<T> {
    return new Promise((resolve, reject) => {
      const thread = new Worker(this.script, { workerData: question });
      thread.once('error', reject);
      thread.once('exit', (code) => reject(new Error(`the science thread ended with code ${code} and no answer`)));
      thread.once('message', (answer: Answer) => {
        if ('value' in answer) resolve(answer.value as T);
        else reject(new DomainError(answer.refusal.code, answer.refusal.message, answer.refusal.details));
      });
    });
  }
}
