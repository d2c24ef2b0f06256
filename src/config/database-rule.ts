import type { CertificateFile } from './certificate-file.js';
import { rulesFor } from './environment.js';
import { withTls } from './postgres-tls.js';
import { type DatabaseLocation, type Setting, SettingFault } from './setting.js';

/** Between the address of the database and its authorities, for every program of ours. */
export const DATABASE_RULE = rulesFor<{
  DATABASE_URL: Setting<DatabaseLocation>;
  DATABASE_CA_PATH: Setting<CertificateFile | undefined>;
}>()(['DATABASE_URL', 'DATABASE_CA_PATH'], ({ DATABASE_URL, DATABASE_CA_PATH }) => {
  try {
    withTls(DATABASE_URL, DATABASE_CA_PATH);
    return [];
  } catch (error) {
    if (!(error instanceof SettingFault)) throw error;
    return [`DATABASE_URL ${error.message}`];
  }
});
