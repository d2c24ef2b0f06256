/** The one instance that every vector is judged for, and the moment of most of them. */
export const NOW = 1_800_000_000;
export const DAY = 86_400;

export const INSTANCE = {
  issuer: 'https://issuer.example.com',
  rootUrl: 'https://licentia.example.com/app/',
  products: ['grafana-enterprise'],
};

/** The four algorithms that every class of attack is made for. */
export const MAIN = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** Every algorithm of docs/tokens.md. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
];

/** The smallest set of claims that is a valid license at {@link NOW}. */
export const CLAIMS = {
  iss: INSTANCE.issuer,
  sub: INSTANCE.rootUrl,
  jti: '1234',
  lid: '10500',
  iat: NOW - DAY,
  exp: NOW + 30 * DAY,
  lexp: NOW + 265 * DAY,
  prod: INSTANCE.products,
};

/** Claims with some changed or, by `undefined`, left out. */
export const claims = (changes = {}) => ({ ...CLAIMS, ...changes });

/** The text of an object in which the value of one member is written exactly so. */
export function withRaw(object, name, literal) {
  const rest = Object.entries(object).filter(([key]) => key !== name);
  const members = rest.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${[...members, `${JSON.stringify(name)}:${literal}`].join(',')}}`;
}
