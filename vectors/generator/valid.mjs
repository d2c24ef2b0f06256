import { accept, signed } from './compose.mjs';
import { ALGORITHMS, CLAIMS, claims, DAY, MAIN, NOW, withRaw } from './instance.mjs';
import { BOOLEANS, COUNTS, TEXTS } from './claim-types.mjs';
import { keyOf } from './keys.mjs';

/** What a verifier that refuses too much gets wrong. */
export function valid() {
  return [
    ...ALGORITHMS.flatMap(plain),
    ...MAIN.flatMap((alg) => [...headers(alg), ...payloads(alg), ...bounds(alg)]),
  ];
}

function plain(alg) {
  const full = { ...CLAIMS, nbf: NOW - DAY, trial_exp: NOW + DAY };
  COUNTS.forEach((name, at) => (full[name] = at));
  TEXTS.forEach((name) => (full[name] = `the ${name}`));
  BOOLEANS.forEach((name) => (full[name] = true));
  return [
    accept(alg, 'required-claims', `The required claims alone, by ${alg}.`, signed(alg)),
    accept(alg, 'every-claim', `Every claim that there is, by ${alg}.`, signed(alg, { payload: full })),
  ];
}

function headers(alg) {
  const own = { alg, kid: `${alg}-1` };
  const list = [
    ['typ-jwt', { typ: 'JWT' }],
    ['typ-license', { typ: 'license+jwt' }],
    ['second-key', { kid: `${alg}-2` }],
    ['cty', { cty: 'json' }],
    ['unknown-member', { x: [1, { y: null }] }],
    ['proto-member', `{"alg":"${alg}","kid":"${alg}-1","__proto__":{"crit":["x"]}}`],
    ['spaces', ` \t\r\n{ "kid" : "${alg}-1" ,\n "alg" : "${alg}" } `],
    ['escaped-names', `{"\\u0061lg":"${alg}","k\\u0069d":"${alg}-1"}`],
    [
      'escaped-values',
      `{"alg":"\\u00${alg.charCodeAt(0).toString(16)}${alg.slice(1)}","kid":"${alg}\\u002d1"}`,
    ],
    ['depth-32', `${JSON.stringify(own).slice(0, -1)},"x":${'['.repeat(31)}${']'.repeat(31)}}`],
    ['upper-case-crit', { CRIT: ['x'] }],
    ['crit-inside', { x: { crit: ['b64'], b64: false } }],
    ['ignored-jku', { jku: 'https://attacker.example.net/' }],
    ['ignored-jwk', { jwk: { kty: 'oct', k: 'AAAA' } }],
    ['ignored-x5c', { x5c: ['AAAA'] }],
    ['zip', { zip: 'DEF' }],
  ];
  return list.map(([name, header]) => {
    const key = header.kid ? keyOf(alg, 2) : keyOf(alg);
    return accept(
      alg,
      `header-${name}`,
      `RFC 7515, 4: members that are not used are ignored, and JSON has many texts: ${name}.`,
      signed(alg, { header, key }),
    );
  });
}

function payloads(alg) {
  const open = JSON.stringify(CLAIMS).slice(0, -1);
  const list = [
    ['spaces', ` \n\t${JSON.stringify(CLAIMS, null, 2)}\r\n`],
    ['exponent', withRaw(CLAIMS, 'iat', '17e8')],
    ['exponent-upper', withRaw(CLAIMS, 'iat', '1.7E+9')],
    ['point-zero', withRaw(CLAIMS, 'exp', '1900000000.0')],
    ['negative-exponent', withRaw(CLAIMS, 'lexp', '19000000000e-1')],
    ['minus-zero', withRaw(CLAIMS, 'included_users', '-0')],
    ['thousand', withRaw(CLAIMS, 'included_users', '1e3')],
    ['unknown-claims', `${open},"x":null,"y":[1.5,{"z":true}]}`],
    ['unknown-proto', `${open},"__proto__":{"iss":"x"},"constructor":1}`],
    ['unknown-1e308', `${open},"x":1e308}`],
    ['unknown-tiny', `${open},"x":1e-400}`],
    ['unknown-fraction', `${open},"x":0.1}`],
    ['unknown-empty-name', `${open},"":1}`],
    ['unknown-depth-32', `${open},"x":${'['.repeat(31)}${']'.repeat(31)}}`],
    ['unknown-other-case', `${open},"ISS":"x","Exp":1}`],
    ['unknown-aud', `${open},"aud":"elsewhere"}`],
    ['unknown-long', `${open},"x":"${'x'.repeat(1025)}"}`],
    ['escaped-names', JSON.stringify(CLAIMS).replace('"iss"', '"\\u0069ss"')],
    ['escaped-slashes', JSON.stringify(CLAIMS).replaceAll('/', '\\/')],
    ['surrogate-pair', withRaw(CLAIMS, 'company', '"\\ud83d\\udd11"')],
    ['emoji', withRaw(CLAIMS, 'company', '"\u{1f511}\u00e9\u4e2d"')],
    ['controls-escaped', withRaw(CLAIMS, 'company', '"\\b\\f\\n\\r\\t\\u001f\\u007f"')],
    ['line-separator', withRaw(CLAIMS, 'company', '"\u2028\u2029"')],
    ['noncharacter', withRaw(CLAIMS, 'company', '"\\uffff\\ufffe"')],
    ['reversed', JSON.stringify(Object.fromEntries(Object.entries(CLAIMS).reverse()))],
    ['sub-without-slash', JSON.stringify(claims({ sub: CLAIMS.sub.slice(0, -1) }))],
  ];
  return list.map(([name, payload]) =>
    accept(
      alg,
      `payload-${name}`,
      `RFC 8259: an unusual text of the same JSON, or claims that are ignored: ${name}.`,
      signed(alg, { payload }),
    ),
  );
}

function bounds(alg) {
  const list = [];
  for (const name of COUNTS)
    list.push([`${name}-0`, { [name]: 0 }], [`${name}-largest`, { [name]: 2147483647 }]);
  for (const name of TEXTS)
    list.push(
      [`${name}-empty`, { [name]: '' }],
      [`${name}-1024-bytes`, { [name]: 'x'.repeat(1024) }],
      [`${name}-1024-bytes-of-four`, { [name]: '\u{1f511}'.repeat(256) }],
    );
  for (const name of BOOLEANS)
    list.push([`${name}-true`, { [name]: true }], [`${name}-false`, { [name]: false }]);
  list.push(
    ['iat-2', { iat: 2 }],
    ['nbf-1', { nbf: 1 }],
    ['trial_exp-1', { trial_exp: 1 }],
    ['trial_exp-latest', { trial_exp: 253402300799 }],
    ['exp-latest', { exp: 253402300799 }],
    ['lexp-latest', { lexp: 253402300799 }],
    ['jti-1024-bytes', { jti: 'j'.repeat(1024) }],
    ['jti-one-letter', { jti: 'j' }],
  );
  const vectors = list.map(([name, changes]) =>
    accept(alg, `bound-${name}`, `A claim at its bound: ${name}.`, signed(alg, { payload: claims(changes) })),
  );
  vectors.push(
    accept(
      alg,
      'bound-lid-1024-bytes',
      'A claim at its bound; another license than the stored one.',
      signed(alg, { payload: claims({ lid: 'l'.repeat(1024) }) }),
      { flags: ['other-license'] },
    ),
  );
  vectors.push(
    accept(
      alg,
      'bound-lid-one-letter',
      'A claim at its bound; another license than the stored one.',
      signed(alg, { payload: claims({ lid: 'l' }) }),
      { flags: ['other-license'] },
    ),
  );
  return vectors;
}
