import { CertificateAuthority, type CertificateTerms, selfSigned } from '../../certificates.js';
import { type ConnectionSituation, type Fault, LATE, UNTRUSTED } from './fault.js';

const certificate = (terms: CertificateTerms) => (at: ConnectionSituation) =>
  at.secure(at.authority.issue(terms));
const protocol = (options: Readonly<Record<string, unknown>>) => (at: ConnectionSituation) =>
  at.secure(at.authority.issue(), options);
const stranger = new CertificateAuthority();

/** Does something as soon as the client has begun its handshake. */
const onHello = (act: (at: ConnectionSituation) => void) => (at: ConnectionSituation) => {
  at.socket.once('data', () => act(at));
};

const ROWS: readonly (readonly [string, (at: ConnectionSituation) => void])[] = [
  ['shows a certificate that has expired', certificate({ from: -60, to: -1 })],
  ['shows a certificate that is not valid yet', certificate({ from: 1 })],
  ['shows a certificate of another name', certificate({ names: ['elsewhere.example.com'] })],
  ['shows a certificate of a name that begins alike', certificate({ names: ['localhost.example.com'] })],
  ['shows a certificate without a name', certificate({ names: [] })],
  ['shows a certificate for clients', certificate({ usage: 'client' })],
  ['shows a certificate that it made itself', (at) => at.secure(selfSigned())],
  ['shows a certificate of an authority that nobody knows', (at) => at.secure(stranger.issue())],
  [
    'shows a certificate of an unknown authority, and the authority with it',
    (at) => {
      const { cert, key } = stranger.issue();
      at.secure({ key, cert: cert + stranger.cert });
    },
  ],
  [
    'speaks TLS 1.0 alone',
    protocol({ minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  ],
  [
    'speaks TLS 1.1 alone',
    protocol({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  ],
  [
    'speaks TLS with a cipher that nobody takes',
    protocol({ maxVersion: 'TLSv1.2', ciphers: 'AECDH-NULL-SHA@SECLEVEL=0:NULL-SHA256@SECLEVEL=0' }),
  ],
  [
    'speaks plain HTTP where TLS belongs',
    onHello(({ socket }) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  ],
  ['speaks gibberish where TLS belongs', onHello(({ socket }) => void socket.write(Buffer.alloc(100, 'x')))],
  [
    'refuses the handshake with an alert',
    onHello(({ socket }) => socket.end(Buffer.from('15030300020228', 'hex'))),
  ],
  [
    'says that it does not know the name',
    onHello(({ socket }) => socket.end(Buffer.from('15030300020270', 'hex'))),
  ],
  ['resets in the handshake', onHello(({ socket }) => void socket.resetAndDestroy())],
  ['ends in the handshake', onHello(({ socket }) => void socket.end())],
  ['ends at once', ({ socket }) => void socket.end()],
];

export const tls: readonly Fault[] = [
  ...ROWS.map(([name, accept]): Fault => ({
    name,
    family: 'TLS',
    hits: 'connection',
    expected: UNTRUSTED,
    accept,
  })),
  {
    name: 'is silent in the handshake',
    family: 'TLS',
    hits: 'connection',
    expected: LATE,
    accept: onHello(() => undefined),
  },
];
