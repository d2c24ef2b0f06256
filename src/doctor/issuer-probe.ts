import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { INestApplicationContext } from '@nestjs/common';
import { ClockWatch } from '../clock/clock-watch.js';
import { NamedFileError } from '../config/named-file.js';
import type { IssuerConfig } from '../config/issuer-config.js';
import { systemClock } from '../domain/clock.js';
import { describeSkippedKey } from '../domain/token/key-set.js';
import { connectTo, secure } from '../issuer/guarded-connection.js';
import { classOfNetworkError, type FailureClass } from '../issuer/issuer-call-error.js';
import { IssuerHttp } from '../issuer/issuer-http.js';
import { fetchKeySet, loadKeySetFile } from '../issuer/key-set-source.js';
import { tunnelThrough } from '../issuer/proxy-tunnel.js';
import { TrustedCas } from '../issuer/trusted-cas.js';
import { clockFinding } from './database-probe.js';
import { failed, REMEDIES, sentence } from './failure.js';
import { type Finding, findingsOf } from './finding.js';
import type { Probes } from './probe.js';

const ISSUER = findingsOf('issuer');
/** A name server answers at once, or not at all; milliseconds. */
const DNS_MS = 5_000;
/** Longer than the service gives a connection, its tunnel and its handshake; milliseconds. */
const CONNECT_MS = 10_000;
const DAY_MS = 86_400_000;
/** A certificate that expires sooner should have been renewed, days. */
const CERTIFICATE_DAYS = 14;

/** Goes the way to the issuer step by step, as the service does, and asks for its keys. */
export async function examineIssuer(
  nest: INestApplicationContext,
  issuer: IssuerConfig,
  probes: Probes,
): Promise<readonly Finding[]> {
  const urls = [issuer.renewUrl, issuer.keys.kind === 'url' ? issuer.keys.url : undefined];
  const origins = new Map(urls.flatMap((url) => (url === undefined ? [] : [[url.origin, url] as const])));
  const ways = await Promise.all([...origins.values()].map(async (url) => examineWay(url, issuer, probes)));
  return [...ways.flat(), ...(await examineKeys(nest, issuer, probes)), ...unset(issuer)];
}

function unset({ renewUrl, keys }: IssuerConfig): Finding[] {
  const told = { cause: 'configuration', next: REMEDIES.configuration } as const;
  return [
    ...(keys.kind === 'none'
      ? [ISSUER.warn('keys', 'No source of keys is set: no license can be verified.', told)]
      : []),
    ...(renewUrl === undefined ? [ISSUER.warn('address', 'No address for renewals is set.', told)] : []),
  ];
}

async function examineWay(
  url: URL,
  { proxy, trustedCas }: IssuerConfig,
  probes: Probes,
): Promise<readonly Finding[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isSecure = url.protocol === 'https:';
  const port = Number(url.port || (isSecure ? 443 : 80));
  const next = proxy ?? { host, port, secure: false };
  const found: Finding[] = [];
  if (isIP(next.host) === 0) {
    const dns = await step('dns', next.host, DNS_MS, probes, async () => {
      const addresses = await lookup(next.host, { all: true });
      return addresses.map(({ address }) => address).join(', ');
    });
    found.push(...dns.faults);
    if (dns.value === undefined) return found;
    found.push(ISSUER.ok('dns', `${next.host} is ${dns.value}.`));
  }
  const trusted = new TrustedCas(trustedCas, () => undefined);
  const context = await trusted.context();
  const check = proxy === undefined ? 'tcp' : 'proxy';
  const opened = await step<Socket>(check, `${next.host}:${next.port}`, CONNECT_MS, probes, () =>
    proxy === undefined
      ? connectTo(host, port)
      : tunnelThrough(proxy, proxy.secure ? context : undefined, host, port),
  );
  found.push(...opened.faults);
  const socket = opened.value;
  if (socket === undefined) return found;
  socket.on('error', () => undefined);
  const through = proxy === undefined ? '' : ` through the proxy ${proxy.host}:${proxy.port}`;
  found.push(ISSUER.ok(check, `${host}:${port} takes connections${through}.`));
  try {
    return [...found, ...(isSecure ? await examineTls(socket, host, context, probes) : [])];
  } finally {
    socket.destroy();
  }
}

async function examineTls(
  socket: Socket,
  host: string,
  context: Awaited<ReturnType<TrustedCas['context']>>,
  probes: Probes,
): Promise<readonly Finding[]> {
  const { value, faults } = await step('tls', host, CONNECT_MS, probes, () =>
    secure(socket, { host, context }),
  );
  if (value === undefined) return faults;
  value.on('error', () => undefined);
  const finding = certificateFinding(value);
  value.destroy();
  return [finding];
}

function certificateFinding(socket: TLSSocket): Finding {
  const { valid_to: until, issuer } = socket.getPeerCertificate();
  const days = Math.floor((Date.parse(until) - systemClock.now()) / DAY_MS);
  const authority = issuer.CN ?? issuer.O ?? 'an authority without a name';
  const message = `${socket.getProtocol()}; the certificate is by ${String(authority)}, and expires in ${days} days.`;
  return days < CERTIFICATE_DAYS
    ? ISSUER.warn('tls', message, { cause: 'tls', next: 'Have the issuer renew its certificate.' })
    : ISSUER.ok('tls', message);
}

async function examineKeys(
  nest: INestApplicationContext,
  { keys, timeoutMs }: IssuerConfig,
  probes: Probes,
): Promise<readonly Finding[]> {
  if (keys.kind === 'none') return [];
  const { value, faults } = await probes.look(
    ...(['issuer', 'keys', timeoutMs + CONNECT_MS] as const),
    async () =>
      keys.kind === 'file'
        ? loadKeySetFile(keys.path)
        : fetchKeySet(nest.get(IssuerHttp, { strict: false }), keys.url),
    (error) =>
      error instanceof NamedFileError
        ? ISSUER.fail('keys', sentence(`ISSUER_JWKS_PATH: ${error.message}`), {
            cause: 'configuration',
            next: 'Put the key set of the issuer there, or correct ISSUER_JWKS_PATH.',
          })
        : failed(ISSUER, 'keys', error),
  );
  if (value === undefined) return faults;
  const { size, skipped } = value.keys;
  const next = 'Ask the issuer for a key set with keys as docs/tokens.md has them.';
  const counted =
    size === 0
      ? ISSUER.fail('keys', 'The key set has no usable key.', { cause: 'bad-answer', next })
      : ISSUER.ok('keys', `The key set has ${size} usable key${size === 1 ? '' : 's'}.`);
  const skips = skipped.map((key) =>
    ISSUER.warn('keys', sentence(describeSkippedKey(key)), { cause: 'bad-answer', next }),
  );
  const watch = nest.get(ClockWatch, { strict: false });
  return [counted, ...skips, ...(keys.kind === 'url' ? [clockFinding(watch, 'issuer', 'the issuer')] : [])];
}

async function step<T>(
  check: string,
  where: string,
  milliseconds: number,
  probes: Probes,
  work: () => Promise<T>,
) {
  return probes.look('issuer', check, milliseconds, work, (error) => {
    const { code, message } = error as NodeJS.ErrnoException;
    const cause: FailureClass = classOfNetworkError(code);
    return ISSUER.fail(check, sentence(`${where}: ${message}`), { cause, next: REMEDIES[cause] });
  });
}
