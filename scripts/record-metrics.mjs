// Records what /metrics says of a running service and its issuer, in deploy/prometheus/recorded.prom and
// recorded-issuer.prom: what the tests of the alert rules are written after. A real service and a real issuer, on databases in memory, a license that ends within a month and
// whose token ends within two days, one renewal, one refused token, one wrong bearer token, one unreadable request.
//
//   npm run build && node scripts/record-metrics.mjs
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { startIssuerServer } from '../dist/issuer-server/issuer-server.js';
import { loadIssuerServerConfig } from '../dist/config/issuer-server-config.js';
import { loadServiceConfig } from '../dist/config/service-config.js';
import { createLogger } from '../dist/http/logger.js';
import { startService } from '../dist/service.js';

const HOUR = 3600;
const TOKEN = 'a-token-of-the-recording-0123456789-0123456789';
const ISSUER_ID = 'http://localhost:3001';
const logger = createLogger('silent');

const issuerServer = await startIssuerServer(
  loadIssuerServerConfig({ PORT: '0', DATABASE_URL: 'pglite://memory', ISSUER_ID }),
  logger,
);
const service = await startService(
  loadServiceConfig({
    PORT: '0',
    DATABASE_URL: 'pglite://memory',
    BOOTSTRAP_TOKEN: TOKEN,
    ISSUER_ID,
    ISSUER_URL: issuerServer.url,
    ISSUER_ALLOW_INSECURE_HTTP: 'true',
    AUTO_REFRESH_LICENSE: 'false',
  }),
  logger,
);

try {
  const { token } = await issuerServer.issuer.issue({
    sub: 'http://localhost:3000/',
    licenseSeconds: 29 * 24 * HOUR,
    tokenSeconds: 40 * HOUR,
    includedUsers: 50,
  });
  await call('POST', '/api/licensing/token', { token }, 200);
  await call('POST', '/api/licensing/token/renew', {}, 200);
  await call('POST', '/api/licensing/usage/admit', { subject: 'anna' }, 200);
  await call('POST', '/api/licensing/token', { token: `${token}x` }, 400);
  for (let checks = 0; checks < 100; checks += 1) await call('GET', '/api/licensing/check', undefined, 200);
  await call('GET', '/api/licensing/check', undefined, 401, 'somebody-elses-token');
  await call('GET', '/nothing-of-ours', undefined, 404);
  await unreadable();
  record('recorded.prom', await call('GET', '/metrics', undefined, 200));
  record('recorded-issuer.prom', await (await fetch(`${issuerServer.url}/metrics`)).text());
} finally {
  await Promise.all([service.application.close(0), issuerServer.application.close(0)]);
}

function record(name, metrics) {
  writeFileSync(new URL(`../deploy/prometheus/${name}`, import.meta.url), metrics);
}

async function call(method, path, body, expected, bearer = TOKEN) {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status !== expected) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return text;
}

async function unreadable() {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  socket.write('no request at all\r\n\r\n');
  socket.resume();
  // A reset is an end like any other.
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
}
