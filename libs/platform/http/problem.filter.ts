import { Catch, HttpException, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { errorCatalogue } from '../../errors/catalogue';
import { isDomainError } from '../../errors/domain-error';
import type { Finding } from '../../errors/domain-error';

/** RFC 9457 problem: `type` is the code of the refusal. Details of the refusal are further members. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly findings?: readonly Finding[];
  readonly [member: string]: unknown;
}

/** The one place where errors become status codes: refusals by the catalogue, bugs 500, anything else a passing 503. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const problem = toProblem(error);
    if (problem.status >= 500) this.report(error, http.getRequest<Request>(), problem);
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    if (problem.status === 503) response.setHeader('retry-after', '1');
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }

  private report(error: unknown, request: Request, problem: Problem): void {
    const text = `${request.method} ${request.path}: ${error instanceof Error ? error.message : String(error)}`;
    if (problem.status === 503) this.logger.warn(text);
    else this.logger.error(text, error instanceof Error ? error.stack : undefined);
  }
}

/** What the world is told about an error. */
export function toProblem(error: unknown): Problem {
  if (isDomainError(error)) {
    const { code, message, details, findings } = error;
    return {
      ...details,
      type: code,
      title: code.replaceAll('-', ' '),
      status: errorCatalogue[code],
      detail: message,
      ...(findings.length > 0 ? { findings } : {}),
    };
  }
  const status = statusOf(error);
  if (status !== undefined && status < 500) {
    return {
      type: refused[status] ?? 'request-refused',
      title: 'request refused',
      status,
      detail: (error as Error).message,
    };
  }
  if (isBug(error))
    return { type: 'internal', title: 'internal error', status: 500, detail: 'a fault of Anneal; it is logged' };
  return { type: 'unavailable', title: 'unavailable', status: 503, detail: 'a passing fault: try again' };
}

const refused: Readonly<Record<number, string>> = {
  400: 'document-syntax',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  413: 'document-too-large',
};

/** Of Nest's exceptions and of the body parser's errors. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { status, expose } = error as { status?: unknown; expose?: unknown };
  return expose === true && typeof status === 'number' ? status : undefined;
}

/** Errors that come again however often the request is repeated: in code, or data and syntax errors of SQL. */
function isBug(error: unknown): boolean {
  if ([TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind)) return true;
  const { name, code } = error as { name?: string; code?: unknown };
  return name === 'AssertionError' || (typeof code === 'string' && /^(22|23|42|P0)[0-9A-Z]{3}$/.test(code));
}
