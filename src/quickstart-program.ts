import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { RequestActor } from './access/actor.decorator.js';
import { ACTIONS } from './domain/actions.js';
import { ADMINISTRATOR_ROLE } from './access/roles.js';
import { AccountsService } from './accounts/accounts.service.js';
import { RoleAssignments } from './accounts/role-assignments.service.js';
import { AccountsStore } from './accounts/accounts.store.js';
import { type RunningIssuerServer, startIssuerServer } from './issuer-server/issuer-server.js';
import { ISSUER_SERVER_SCHEMA } from './issuer-server/issuer-server-schema.js';
import { ISSUER_SERVER_SETTINGS, loadIssuerServerConfig } from './config/issuer-server-config.js';
import { VERSION } from './config/build-info.js';
import { ConfigError, type Environment } from './config/environment.js';
import { misspelledNames } from './config/misspelled-names.js';
import { loadServiceConfig, SERVICE_SETTINGS, type ServiceConfig } from './config/service-config.js';
import { assertOpenable } from './database/embedded/data-directory.js';
import { isThere } from './database/embedded/directory-answer.js';
import { migrateDatabase } from './database/migrate-database.js';
import { SERVICE_SCHEMA } from './schema/service-schema.js';
import type { HttpApplication } from './http/http-application.js';
import { issuerAdminToken } from './quickstart-token.js';
import { ISSUER_TOKEN_FILE, type QuickstartConfig, welcome } from './quickstart-welcome.js';
import { isPortTaken, PortTakenError } from './http/port-taken.js';
import { inspectLicenseSources } from './licensing/sources/license-source-remarks.js';
import { LicenseInstaller } from './licensing/install/license-installer.js';
import { Metrics } from './metrics/metrics.js';
import { standardOutput } from './output/standard-output.js';
import { reencryptTokens } from './reencrypt-tokens.js';
import { rereadServiceFiles } from './reread.js';
import { runProcess, type Running } from './run-process.js';
import { type RunningService, startService } from './service.js';
import { SnapshotService } from './snapshot/snapshot.service.js';
import { SignInLinks } from './ui/sign-in-links.js';
import { UsageJobs } from './usage/usage-jobs.js';

const HELP = `licentia quickstart ${VERSION}: the service and an issuer in one process, on embedded databases.

Usage: npm start -- [--new-token | --check-config | --migrate | --reencrypt | --version | --help]

  --new-token     print a new administrator's token, when the first one is lost

PORT (3000) is the service's port; the issuer takes the one after it. ROOT_URL is http://localhost:<PORT>/ unless set.
DATABASE_URL, LOG_LEVEL (warn) and the other settings of the service count too, but for ISSUER_*: see
docs/configuration.md. All data is in ./data.
`;

const ACCOUNT = 'quickstart';
/** The user that starts the quickstart owns its data. */
const OPERATOR: RequestActor = { id: 'system', requestId: '', actions: new Set(ACTIONS), unlimited: true };

const args = process.argv.slice(2);
const newToken = args.includes('--new-token');

await runProcess(
  {
    help: HELP,
    version: VERSION,
    settings: SERVICE_SETTINGS,
    load,
    hints,
    inspect,
    logLevel,
    migrate,
    reencrypt: ({ service }) => reencryptTokens(service),
    start,
  },
  args.filter((argument) => argument !== '--new-token'),
);

function load(environment: Environment): QuickstartConfig {
  const { port } = loadServiceConfig(environment).listen;
  if (port < 1 || port > 65_534) {
    throw new ConfigError(['PORT must be a whole number from 1 to 65534: the issuer takes the one after it']);
  }
  const issuerPort = String(port + 1);
  return {
    service: loadServiceConfig({
      LOG_LEVEL: 'warn',
      ...environment,
      // The address that it prints is the one that licenses are issued for.
      ROOT_URL: environment.ROOT_URL || `http://localhost:${port}/`,
      ISSUER_URL: `http://127.0.0.1:${issuerPort}`,
      // Independent of the port, so that a license stays one of the same issuer.
      ISSUER_ID: 'http://localhost:3001',
      ISSUER_RENEW_URL: undefined,
      ISSUER_JWKS_URL: undefined,
      ISSUER_JWKS_PATH: undefined,
      ISSUER_ALLOW_INSECURE_HTTP: 'true',
    }),
    issuerServer: loadIssuerServerConfig({ PORT: issuerPort, LOG_LEVEL: environment.LOG_LEVEL || 'warn' }),
  };
}

function hints(environment: Environment): string[] {
  return misspelledNames(SERVICE_SETTINGS, environment, [ISSUER_SERVER_SETTINGS]);
}

async function inspect({ LICENSE_PATH, LICENSE_TEXT }: Environment): Promise<string[]> {
  return inspectLicenseSources({ path: LICENSE_PATH || undefined, text: LICENSE_TEXT || undefined });
}

async function migrate({ service, issuerServer }: QuickstartConfig): Promise<string[]> {
  return [
    ...(await migrateDatabase(service.database.location, SERVICE_SCHEMA)),
    ...(await migrateDatabase(issuerServer.database.location, ISSUER_SERVER_SCHEMA)),
  ];
}

function logLevel({ service }: QuickstartConfig): string {
  return service.logLevel;
}

async function start(config: QuickstartConfig, logger: Logger): Promise<Running> {
  await refuseTakenPorts(config);
  for (const { database } of [config.issuerServer, config.service])
    if (database.location.kind === 'embedded') await assertOpenable(resolve(database.location.directory));
  print(await starting(config));
  const adminToken = await issuerAdminToken(ISSUER_TOKEN_FILE);
  const issuerServer = await startIssuerServer({ ...config.issuerServer, adminToken }, logger, {
    attended: true,
  });
  try {
    // The demo license and the token need the database at once.
    const service = await startService(config.service, logger, {
      waits: false,
      prepare: async (application) => installDemoLicense(application, issuerServer, config.service),
    });
    service.application.nest.get(Metrics).observeProcess();
    const token = await administratorToken(service);
    print(welcome(config, token, await signInCode(config, service)));
    return {
      close: () => closeBoth(service, issuerServer),
      unfinished: () => service.application.nest.get(UsageJobs).unwritten,
      reread: () => rereadServiceFiles(service.application, config.service),
      failure: service.failure,
    };
  } catch (error) {
    await issuerServer.application.close();
    throw error;
  }
}

/** Looks at the ports first, so a taken one is reported before anything is created. */
async function refuseTakenPorts({ service, issuerServer }: QuickstartConfig): Promise<void> {
  if (await isPortTaken(service.listen.host, service.listen.port)) {
    throw new PortTakenError(
      `Port ${service.listen.port} is in use already: stop what listens there, or set PORT to another one.`,
    );
  }
  if (await isPortTaken(issuerServer.listen.host, issuerServer.listen.port)) {
    throw new PortTakenError(
      `Port ${issuerServer.listen.port}, which the issuer takes as the one after PORT, is in use already: ` +
        'stop what listens there, or set PORT to another one, which moves both.',
    );
  }
}

async function starting({ service, issuerServer }: QuickstartConfig): Promise<string> {
  const looks = [service, issuerServer].map(
    async ({ database: { location } }) =>
      location.kind === 'memory' || (location.kind === 'embedded' && !(await isThere(location.directory))),
  );
  const missing = (await Promise.all(looks)).filter(Boolean).length;
  if (missing === 0) return 'Starting …';
  return `Starting. This creates ${missing === 1 ? 'a database' : 'two databases'} first, which takes some seconds …`;
}

async function closeBoth(service: RunningService, issuerServer: RunningIssuerServer): Promise<void> {
  const ends = await Promise.allSettled([service.application.close(), issuerServer.application.close()]);
  // Both have ended by now, even if one failed.
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** On the first start alone: what was removed afterwards stays removed. */
async function installDemoLicense(
  { nest }: HttpApplication,
  { issuer }: RunningIssuerServer,
  { rootUrl, products }: ServiceConfig,
): Promise<void> {
  if (nest.get(SnapshotService).current?.license.revision !== 0) return;
  const { token } = await issuer.issue({
    sub: rootUrl.canonical,
    company: 'Licentia demo',
    products,
    includedUsers: 50,
  });
  await nest.get(LicenseInstaller).install(OPERATOR, token, { queue: false, acknowledge: true });
}

/** A token for the quickstart's account, on the first start and when one is asked for. */
async function administratorToken({ application: { nest } }: RunningService): Promise<string | undefined> {
  const accounts = nest.get(AccountsService);
  const known = await nest.get(AccountsStore).findByName(ACCOUNT);
  if (known !== undefined && !newToken) return undefined;
  const id =
    known ??
    Number((await accounts.create(OPERATOR, { name: ACCOUNT, role: 'Admin', isDisabled: false })).id);
  await nest.get(RoleAssignments).add(OPERATOR, id, ADMINISTRATOR_ROLE.uid);
  return (await accounts.createToken(OPERATOR, id, `quickstart ${randomBytes(4).toString('hex')}`, 0)).key;
}

/** The code of a link that signs the account's newest token in, once; undefined where nothing can be signed in. */
async function signInCode(
  { service }: QuickstartConfig,
  { application: { nest } }: RunningService,
): Promise<string | undefined> {
  if (!service.ui) return undefined;
  const account = await nest.get(AccountsStore).findByName(ACCOUNT);
  return account === undefined ? undefined : nest.get(SignInLinks).createFor(account);
}

function print(text: string): void {
  standardOutput.stdout.write(`${text}\n`);
}
