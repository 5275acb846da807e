import type { LoggerService } from '@nestjs/common';
import type { LogLevel, LogMetadata, Logger } from '@temporalio/worker';

const order = ['error', 'warn', 'info', 'debug'] as const;

/** One level of detail, quietest first. */
type Level = (typeof order)[number];

/** Log lines as JSON on standard error, for Nest and Temporal alike. */
export class JsonLogger implements LoggerService, Logger {
  constructor(
    private readonly least: Level,
    private readonly write: (line: string) => void = (line) => process.stderr.write(line),
  ) {}

  error(message: unknown, ...rest: unknown[]): void {
    this.line('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.line('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.line('warn', message, rest);
  }

  info(message: unknown, ...rest: unknown[]): void {
    this.line('info', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.line('debug', message, rest);
  }

  trace(message: unknown, ...rest: unknown[]): void {
    this.line('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.line('debug', message, rest);
  }

  /** Nest calls this for what it says about itself while it starts; Temporal with a level first. */
  log(level: LogLevel | unknown, message?: unknown, meta?: LogMetadata): void {
    const known = typeof level === 'string' ? temporalLevels[level] : undefined;
    if (known) this.line(known, message, [meta]);
    else this.line('debug', level, [message, meta]);
  }

  private line(level: Level, message: unknown, rest: readonly unknown[]): void {
    if (order.indexOf(level) > order.indexOf(this.least)) return;
    const extra = rest.filter((item) => item !== undefined && item !== null);
    const fields = Object.assign({}, ...extra.map((item) => fieldsOf(item))) as Record<string, unknown>;
    const text = message instanceof Error ? (message.stack ?? message.message) : message;
    this.write(`${JSON.stringify({ at: new Date().toISOString(), level, message: text, ...fields }, writable)}\n`);
  }
}

const temporalLevels: Readonly<Record<string, Level>> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

function fieldsOf(item: unknown): Record<string, unknown> {
  if (item instanceof Error) return { error: item.message, stack: item.stack };
  return typeof item === 'object' ? { ...item } : { context: item };
}

const writable = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Error ? { message: value.message, stack: value.stack } : value;
};
