import { inspectProvisioning } from './accounts/provisioning/provisioning-files.js';
import { ISSUER_SERVER_SETTINGS } from './config/issuer-server-config.js';
import { COMMIT, VERSION } from './config/build-info.js';
import { misspelledNames } from './config/misspelled-names.js';
import { openFilesWarning } from './config/open-files.js';
import { hasAdministrator } from './config/access-config.js';
import { loadServiceConfig, SERVICE_SETTINGS, type ServiceConfig } from './config/service-config.js';
import { migrateDatabase } from './database/migrate-database.js';
import { SERVICE_SCHEMA } from './schema/service-schema.js';
import { inspectKeySetFile } from './issuer/key-set-source.js';
import { inspectLicenseSources } from './licensing/sources/license-source-remarks.js';
import { Metrics } from './metrics/metrics.js';
import { rereadServiceFiles } from './reread.js';
import { reencryptTokens } from './reencrypt-tokens.js';
import type { Program } from './run-process.js';
import { startService } from './service.js';
import { UsageJobs } from './usage/usage-jobs.js';

const HELP = `licentia ${VERSION}: holds, checks and renews the license of a self-hosted product.

Usage: node dist/main.js [--check-config | --migrate | --reencrypt | --export <file> | --import <file> | --version | --help]

  --check-config  read the configuration, say what is wrong with it, and end: with 0 when it is fine, 1 when it
                  cannot be used, 3 when it can and something looks wrong: a misspelled name, a key that is skipped,
                  a license file that is missing or holds no token, a provisioning file with faults
  --migrate       bring the tables of the database up to date, and end
  --reencrypt     store every license token anew as LICENSE_ENCRYPTION_KEY says, beside running replicas, and end
  --export <file>  write all rows of the database into a new file, and end: for a move to another PostgreSQL
  --import <file>  put such rows into an empty database, and end
  --version       print the version and the commit
  --help          print this

All settings come from the environment: see docs/configuration.md.
`;

/** The service as a process: its command line, its settings and its start. */
export const SERVICE_PROGRAM: Program<ServiceConfig> = {
  help: HELP,
  version: `${VERSION} (${COMMIT})`,
  settings: SERVICE_SETTINGS,
  load: loadServiceConfig,
  hints: (environment) => misspelledNames(SERVICE_SETTINGS, environment, [ISSUER_SERVER_SETTINGS]),
  inspect: async ({ ISSUER_JWKS_PATH, LICENSE_PATH, LICENSE_TEXT, ACCESS_PROVISIONING_PATH }) => [
    ...(ISSUER_JWKS_PATH ? await inspectKeySetFile(ISSUER_JWKS_PATH) : []),
    ...(await inspectLicenseSources({ path: LICENSE_PATH || undefined, text: LICENSE_TEXT || undefined })),
    ...(ACCESS_PROVISIONING_PATH ? await inspectProvisioning(ACCESS_PROVISIONING_PATH) : []),
  ],
  migrate: (config) => migrateDatabase(config.database.location, SERVICE_SCHEMA),
  reencrypt: reencryptTokens,
  logLevel: (config) => config.logLevel,
  transfer: ({ database: { location } }) => ({ location, schema: SERVICE_SCHEMA, program: 'service' }),
  async start(config: ServiceConfig, logger) {
    warnAboutAccess(config);
    if (config.licenseEncryption.encryptsWith === undefined)
      logger.warn({
        msg: 'license tokens are stored in clear: LICENSE_ENCRYPTION_KEY names no key to encrypt them',
      });
    const tooFewFiles = openFilesWarning(config.http.maxConnections);
    if (tooFewFiles !== undefined) logger.warn({ msg: tooFewFiles });
    const { url, application, failure } = await startService(config, logger);
    application.nest.get(Metrics).observeProcess();
    logger.info({
      msg: 'listening',
      url: `${url}${config.http.subPath}`,
      rootUrl: config.rootUrl.canonical,
      version: VERSION,
      commit: COMMIT,
    });
    return {
      close: () => application.close(),
      unfinished: () => application.nest.get(UsageJobs).unwritten,
      reread: () => rereadServiceFiles(application, config),
      failure,
    };

    function warnAboutAccess({ access }: ServiceConfig): void {
      if (!hasAdministrator(access)) {
        logger.warn({
          msg:
            'none of ADMIN_USER with ADMIN_PASSWORD, ADMINISTRATORS and BOOTSTRAP_TOKEN is set: unless a service account exists ' +
            'already, nobody can call this service',
        });
      }
    }
  },
};
