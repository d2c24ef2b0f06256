import { ANSWER_SHAPES } from './answer-shapes.js';

/**
 * Whether a success looks like one of the operation: at a wrong address another program can answer with 200, too.
 * More than half of the members are enough, so that a service of another version is understood.
 * @param operation - method and path, as docs/openapi.yaml has them
 * @param parseAs - how the caller had the body read
 */
export function isAnswerTo(
  operation: string,
  data: unknown,
  response: Response,
  parseAs: string | undefined,
): boolean {
  const shape = ANSWER_SHAPES[operation];
  if (shape === undefined) return true;
  if (typeof shape === 'object' && 'text' in shape) {
    const [type = ''] = (response.headers.get('Content-Type') ?? '').split(';', 1);
    return shape.text.includes(type.trim().toLowerCase());
  }
  if (parseAs !== undefined && parseAs !== 'json') return true;
  if (shape === 'nothing') return response.status === 204;
  if (shape === 'boolean') return typeof data === 'boolean';
  if (shape === 'array') return Array.isArray(data);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false;
  // One member, or none, says little: the header tells it from that of another program.
  if (shape.length < 2 && !response.headers.has('X-Request-Id')) return false;
  const found = shape.filter((member) => Object.hasOwn(data, member));
  return shape.length === 0 || found.length * 2 > shape.length;
}
