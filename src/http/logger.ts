import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { ServiceError } from '../domain/service-error.js';
import { standardOutput } from '../output/standard-output.js';

/** A structured logger, one JSON object a line. @param destination - standard output unless given */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    serializers: { err: describeError },
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  if (destination !== undefined) return pino(options, destination);
  const { stdout } = standardOutput;
  const logger = pino(options, stdout);
  stdout.onRecovery((lost) =>
    logger.warn({ msg: 'lines of the log before this one could not be written', lost }),
  );
  return logger;
}

/** Nest's logger, as everything here uses it, on top of pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  /** Our own lines are objects; a text is the framework telling of its start. */
  log(message: unknown, ...rest: unknown[]): void {
    this.#write(typeof message === 'string' ? 'debug' : 'info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  #write(
    level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = rest.at(-1);
    const fields = typeof message === 'object' && message !== null ? message : { msg: String(message) };
    this.logger[level]({ context, ...fields });
  }
}

/**
 * An error without the members that libraries hang on it: TypeORM's have the parameters of the statement, axios's the
 * request with its credentials, a driver's `detail` the value of a key. None of these may get into a log. Ours have a
 * `detail` for the caller, such as the reason of the issuer.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return {
    type: name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error instanceof ServiceError && error.detail !== undefined ? { detail: error.detail } : {}),
    stack,
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
}
