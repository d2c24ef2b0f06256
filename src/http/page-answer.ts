import type { IncomingMessage } from 'node:http';
import type { RoutedResponse } from './replay.js';

/**
 * Answers a request that no route is for, such as one for a file.
 * @returns false where it left the request to the routes
 */
export type PageAnswer = (request: IncomingMessage, response: RoutedResponse) => boolean;
