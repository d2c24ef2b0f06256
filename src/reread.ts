import type { ServiceConfig } from './config/service-config.js';
import { readCertificateFileAgain } from './config/certificate-file.js';
import { DatabaseUrlWatch } from './database/database-url-watch.js';
import type { HttpApplication } from './http/http-application.js';
import { IssuerKeys } from './issuer/issuer-keys.js';
import { LicenseSources } from './licensing/sources/license-sources.js';
import type { Reread } from './run-process.js';
import { SnapshotService } from './snapshot/snapshot.service.js';

/**
 * Reads again at once what the service reads again by itself in its own time, and the rows that an operator changed by
 * hand.
 */
export async function rereadServiceFiles(
  { nest }: HttpApplication,
  { issuer, sources }: ServiceConfig,
): Promise<Reread[]> {
  const found: Reread[] = await nest.get(DatabaseUrlWatch).lookNow();
  // Keys are fetched with these authorities, and the license is verified with these keys.
  if (issuer.trustedCas !== undefined) found.push(await rereadTrustedCas(issuer.trustedCas.path));
  if (issuer.keys.kind !== 'none') {
    const { failure, usable } = await nest.get(IssuerKeys).fetchNow();
    found.push({
      setting: issuer.keys.kind === 'file' ? 'ISSUER_JWKS_PATH' : 'ISSUER_JWKS_URL',
      outcome: failure ?? `usable keys: ${usable}`,
      failed: failure !== undefined,
    });
  }
  if (sources.path !== undefined) {
    const reports = await nest.get(LicenseSources).lookNow();
    const states = reports.filter(({ source }) => source === 'file');
    found.push({
      setting: 'LICENSE_PATH',
      outcome: states
        .map(({ state, reason }) => (reason === undefined ? state : `${state}: ${reason}`))
        .join('; '),
      failed: states.some(({ state }) => state === 'broken'),
    });
  }
  found.push(await rereadRows(nest.get(SnapshotService)));
  return found;
}

async function rereadRows(snapshots: SnapshotService): Promise<Reread> {
  snapshots.reload();
  try {
    await snapshots.refresh();
    return { setting: 'rows of the database', outcome: 'read', failed: false };
  } catch (error) {
    return { setting: 'rows of the database', outcome: (error as Error).message, failed: true };
  }
}

async function rereadTrustedCas(path: string): Promise<Reread> {
  try {
    const { certificates } = await readCertificateFileAgain(path);
    return { setting: 'ISSUER_CA_PATH', outcome: `certificates: ${certificates.length}`, failed: false };
  } catch (error) {
    return { setting: 'ISSUER_CA_PATH', outcome: (error as Error).message, failed: true };
  }
}
