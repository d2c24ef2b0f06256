import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBody } from './error-body.js';
import { contextOf, releaseSlot, type RequestContext } from './request-context.js';

/** What Nest hands an error to that came to no handler: the application's filters answer it. */
export type ErrorHandler = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error: unknown) => void,
) => unknown;

/** Answers requests whose error no handler of Nest's or Express's gets: without it they get no answer. */
export class LastAnswers {
  #handler: ErrorHandler | undefined;

  /** @param onUnanswerable - called when the application's filters could not answer a request */
  constructor(private readonly onUnanswerable: (error: unknown, context: RequestContext) => void) {}

  /** Names the application's filters. */
  follow(handler: ErrorHandler): void {
    this.#handler = handler;
  }

  /** Has the filters answer a request that was begun. Never throws. */
  answer(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const giveUp = (unanswered: unknown) => this.giveUp(unanswered, request, response);
    if (this.#handler === undefined) giveUp(error);
    else void answerBy(this.#handler, error, request, response, giveUp).catch(giveUp);
  }

  /** Answers a request that the filters could not answer. */
  giveUp(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const context = contextOf(request);
    releaseSlot(request);
    context.code ??= 'internal-error';
    if (!response.headersSent) {
      response.statusCode = 500;
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
      response.end(
        JSON.stringify(errorBody(500, 'internal-error', 'Internal server error', context.traceId)),
      );
    } else if (!response.writableEnded) {
      response.destroy();
    }
    this.onUnanswerable(error, context);
  }
}

/** Makes what the filters throw a rejection, whether they throw at once or later. */
async function answerBy(handler: ErrorHandler, ...args: Parameters<ErrorHandler>): Promise<void> {
  await handler(...args);
}
