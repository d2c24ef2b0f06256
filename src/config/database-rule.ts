import type { CertificateFile } from './certificate-file.js';
import { rulesFor } from './environment.js';
import { withTls } from './postgres-tls.js';
import { type DatabaseLocation, type Setting, SettingError } from './setting.js';

/** The values of `PGSSLMODE` after which a connection without TLS would be worse than what was asked for. */
const ASKS_FOR_TLS = /^(require|verify-ca|verify-full|no-verify)$/;

/** Between the address of the database and its authorities, for every program of ours. */
export const DATABASE_RULE = rulesFor<{
  DATABASE_URL: Setting<DatabaseLocation>;
  DATABASE_CA_PATH: Setting<CertificateFile | undefined>;
}>()(['DATABASE_URL', 'DATABASE_CA_PATH'], ({ DATABASE_URL, DATABASE_CA_PATH }, { PGSSLMODE }) => {
  try {
    const location = withTls(DATABASE_URL, DATABASE_CA_PATH);
    const isSilent = location.kind === 'postgres' && location.tls === undefined;
    return isSilent && ASKS_FOR_TLS.test(PGSSLMODE ?? '')
      ? ['PGSSLMODE asks for TLS and is not read: write sslmode into DATABASE_URL']
      : [];
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    return [`DATABASE_URL ${error.message}`];
  }
});
