import { styleText } from 'node:util';
import { type Client, createClient, type Outcome } from '#client';
import type { ServiceConfig } from '../config/service-config.js';
import type { ErrorCode } from '../domain/service-error.js';
import type { Finding } from '../doctor/finding.js';
import type { RemoteService, UnreadService } from '../doctor/doctor.js';
import { CallFailedError, CommandError } from './command-error.js';
import { type ConnectionOptions, findConnection } from './connection.js';
import { ExitCode } from './exit-code.js';
import { CONNECTION, type LicentiaCommand } from './licentia-command.js';
import { PATIENCE_MS } from './patience.js';
import { MIN_COLUMNS, wrap } from './picture.js';
import type { Report } from './report.js';
import { hasColor, type Surroundings, USUAL_COLUMNS } from './surroundings.js';

const COLORS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;
const READINESS_MS = 5_000;

/** What an operator runs at night: everything that the service needs, in one list. */
export function addDoctorCommand(program: LicentiaCommand): void {
  program.does<ConnectionOptions & { timeout?: number }>(
    'doctor',
    {
      summary: 'look at all that the service needs: settings, database, issuer, license, disk, limits',
      options: CONNECTION,
      examples: [
        'licentia doctor',
        'DATABASE_URL_FILE=/run/secrets/database licentia doctor --json',
        'docker exec <container> licentia doctor',
      ],
      json: '`{ "verdict", "complete", "findings" }`; a finding has `area`, `check`, `verdict` (`ok`, `warn` or `fail`), `looked`, `message`, `cause` and `next`',
      exits:
        '0 if nothing fails, 1 if something does, 2 if nothing does and something could not be looked at.',
    },
    async ({ around, options }) => {
      const [{ examine }, { Probes }] = await Promise.all([
        import('../doctor/doctor.js'),
        import('../doctor/probe.js'),
      ]);
      const probes = new Probes();
      const isTold = around.isTerminal.stderr && !options.quiet;
      const waiting = setTimeout(() => {
        if (isTold) around.say(`Looking: ${probes.pending.join(', ')} …\n`);
      }, PATIENCE_MS);
      let note: string | undefined;
      try {
        const findings = await examine(
          around.environment,
          async (config) => {
            const service = await readableService(around, options, config);
            if ('unread' in service) note = service.unread;
            return service;
          },
          probes,
        );
        const report = reportOf(findings, around);
        return note === undefined ? report : { ...report, note };
      } finally {
        clearTimeout(waiting);
      }
    },
  );
}

function reportOf(findings: readonly Finding[], around: Surroundings): Report {
  const isFailed = findings.some(({ verdict }) => verdict === 'fail');
  const complete = findings.every(({ looked }) => looked);
  const verdict = isFailed ? 'fail' : findings.some((one) => one.verdict === 'warn') ? 'warn' : 'ok';
  const json = { verdict, complete, findings };
  const exitCode = isFailed ? ExitCode.No : complete ? ExitCode.Done : ExitCode.Unknown;
  const section = around.isTerminal.stdout
    ? { text: linesOf(findings, around), rows: [] }
    : {
        rows: findings.map((one) => [one.verdict, one.area, one.check, one.message, one.cause, one.next]),
      };
  return { json, sections: [section], exitCode };
}

/** For a terminal: a line for each, and below it what to do. */
function linesOf(findings: readonly Finding[], around: Surroundings): string {
  const width = Math.max(...findings.map(({ area, check }) => area.length + check.length + 1));
  const margin = width + 8;
  const columns = around.columns ?? USUAL_COLUMNS;
  // On a narrow terminal what is said stands below its name.
  const indent = columns - margin < MIN_COLUMNS ? 6 : margin;
  return findings
    .map(({ area, check, verdict, message, next }) => {
      const word = verdict.padEnd(4);
      const mark = hasColor(around) ? styleText(COLORS[verdict], word, { validateStream: false }) : word;
      const texts = [message, ...(next === null ? [] : [next])];
      const text = texts.flatMap((one) => wrap(one, Math.max(MIN_COLUMNS, columns) - indent));
      const name = `${mark}  ${`${area} ${check}`.padEnd(width)}`;
      const [first = '', ...others] = text;
      const head = indent === margin ? `${name}  ${first}` : `${name.trimEnd()}\n      ${first}`;
      return [head, ...others.map((line) => `${' '.repeat(indent)}${line}`), ''].join('\n');
    })
    .join('');
}

/** A profile or a token that cannot be read is a line of the doctor. @throws CommandError for wrong usage */
async function readableService(
  around: Surroundings,
  options: ConnectionOptions & { timeout?: number },
  config: ServiceConfig,
): Promise<RemoteService | UnreadService> {
  try {
    return await remoteService(around, options, config);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== ExitCode.Unknown) throw error;
    return { unread: error.message, next: error.next };
  }
}

/** The service that was named, else the one that this configuration would run. */
async function remoteService(
  around: Surroundings,
  options: ConnectionOptions & { timeout?: number },
  { listen, http }: ServiceConfig,
): Promise<RemoteService> {
  const isNamed =
    options.url ?? options.profile ?? around.environment.LICENTIA_URL ?? around.environment.LICENTIA_PROFILE;
  const own = `http://${hostOf(listen.host)}:${listen.port}${http.subPath}`;
  // The profile of another service must not be asked unless it is named.
  const connection = await findConnection(around, isNamed ? options : { ...options, url: own });
  const api = createClient({
    ...connection,
    retries: 0,
    timeoutMs: options.timeout === undefined ? undefined : options.timeout * 1_000,
  });
  const probe = createClient({ baseUrl: connection.baseUrl, retries: 0, timeoutMs: READINESS_MS });
  return {
    url: connection.baseUrl,
    hasToken: connection.token !== undefined || connection.administrator !== undefined,
    readiness: () => readinessOf(probe),
    explain: () => told(api.GET('/api/licensing/check/explain')),
    rehearse: () => told(api.POST('/api/licensing/renewal/rehearse', { body: {} })),
  };
}

/** What the service says of its license. An answer to the caller, or none at all, says nothing of it. */
async function told<T>(call: Promise<Outcome<T>>): Promise<T> {
  const outcome = await call;
  if (outcome.ok) return outcome.value;
  const { RemoteError } = await import('../doctor/license-probe.js');
  const { code } = outcome.failure;
  const isOfLicense = code.startsWith('license.') || code.startsWith('issuer.');
  const { message } = new CallFailedError(outcome.failure);
  throw new RemoteError(message, isOfLicense ? (code as ErrorCode) : undefined);
}

/** As the addresses of profiles have it. */
function hostOf(host: string): string {
  if (['0.0.0.0', '127.0.0.1', '::', '::1'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

async function readinessOf(api: Client): Promise<{ ready: boolean; reason: string } | undefined> {
  const outcome: Outcome<{ status: string; reason?: string }> = await api.GET('/readyz');
  if (outcome.ok) return { ready: outcome.value.status === 'ready', reason: outcome.value.reason ?? '' };
  const { failure } = outcome;
  if (failure.code === 'client.unreachable') return undefined;
  const { status, reason } = (failure.body ?? {}) as { status?: unknown; reason?: unknown };
  if (failure.status !== 503 || typeof status !== 'string') throw new CallFailedError(failure);
  return { ready: false, reason: [status, reason].filter((one) => typeof one === 'string').join(', ') };
}
