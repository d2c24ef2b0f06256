import { CLASSES } from './classes.mjs';
import { signed } from './compose.mjs';
import { claims, INSTANCE, MAIN } from './instance.mjs';
import { PRIVATE, publicJwk } from './keys.mjs';

const json = (value) => `${JSON.stringify(value, null, 1)}\n`;

/**
 * Every generated file by its path below `vectors/`.
 * @param progress - told the name and the count of each class
 */
export function makeFiles(progress = () => {}) {
  const files = new Map();
  files.set('jwks.json', json({ keys: PRIVATE.issuer.map(publicJwk) }));
  const stored = signed('ES256', {
    payload: claims({ jti: 'stored', iat: 1, exp: 253402300799, lexp: 253402300799 }),
  });
  files.set('instance.json', json({ ...INSTANCE, stored }));
  const ids = new Set();
  const seen = new Set();
  for (const { name, title, make, spread } of CLASSES) {
    const vectors = onlyNew(spreadOut(make(), spread), seen).map(({ name: own, flags = [], ...rest }) => ({
      id: `${name}/${own}/${rest.alg}`,
      case: `${name}/${own}`,
      ...rest,
      flags,
    }));
    for (const { id } of vectors) {
      if (ids.has(id)) throw new Error(`two vectors have the id ${id}`);
      ids.add(id);
    }
    const ordered = vectors.map(({ id, case: of, alg, comment, now, verdict, code, flags, token }) => ({
      id,
      case: of,
      alg,
      comment,
      now,
      verdict,
      code,
      flags,
      token,
    }));
    files.set(`tokens/${name}.json`, json({ class: name, title, count: ordered.length, vectors: ordered }));
    progress(name, ordered.length);
  }
  return files;
}

function spreadOut(vectors, pattern) {
  if (pattern === undefined) return vectors;
  const places = new Map();
  return vectors.filter(({ name, alg }) => {
    if (!pattern.test(name)) return true;
    if (!places.has(name)) places.set(name, places.size);
    return MAIN[places.get(name) % MAIN.length] === alg;
  });
}

/** One text can be the same attack on every algorithm, such as the empty one: it is there once. */
function onlyNew(vectors, seen) {
  return vectors.filter(({ token, now }) => {
    const key = `${now} ${token}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
