import type { EntityManager } from 'typeorm';
import { Database } from '../../../src/database/database.js';
import { readKeySet } from '../../../src/domain/token/key-set.js';
import {
  type AuthenticatedLicense,
  authenticateLicenseToken,
} from '../../../src/domain/license/license-token.js';
import { LicenseStore } from '../../../src/licensing/license/license.store.js';
import { StoredLicenseLoader } from '../../../src/licensing/license/stored-license-loader.js';
import type { StoredLicense } from '../../../src/snapshot/snapshot.js';
import { shareStage, type Stage } from '../../e2e/licensing/stage.js';

type Write = (manager: EntityManager, read: StoredLicense, license: AuthenticatedLicense) => Promise<unknown>;

describe('A write of the license that depends on an earlier read', () => {
  let stage: Stage;
  shareStage((shared) => (stage = shared));

  const parts = () => {
    const { nest } = stage.service.running.application;
    return {
      database: nest.get(Database),
      store: nest.get(LicenseStore),
      stored: nest.get(StoredLicenseLoader),
    };
  };
  const read = async () => parts().database.read((manager) => parts().stored.load(manager));
  const licenseOf = async (token: string) =>
    authenticateLicenseToken(token, await readKeySet({ keys: [stage.issuer.key.jwk] }));
  const write = async (what: Write, stored: StoredLicense, license: AuthenticatedLicense) =>
    parts().database.transaction((manager) => what(manager, stored, license));

  const replace: Write = async (manager, stored, license) =>
    parts().store.replace(manager, stored, license, { overNewer: true });
  const writes: [string, Write][] = [
    ['a replacement', replace],
    ['a removal', async (manager, stored) => parts().store.clear(manager, stored)],
    ['a queued license', async (manager, stored, license) => parts().store.queue(manager, stored, license)],
    [
      'a revocation',
      async (manager, stored, { claims: { iss, lid } }) =>
        parts().store.revoke(manager, stored, { iss, lid, iat: stage.now }, 'statement'),
    ],
  ];

  it.each(writes)('changes nothing when another write came in between: %s', async (_, what) => {
    await stage.install({ lid: 'one', jti: 'read' });
    const stored = await read();
    await stage.install({ lid: 'one', jti: 'since then', iat: stage.now });
    const row = await stage.row();
    const license = await licenseOf(stage.issuer.token({ lid: 'one', jti: 'late', iat: stage.now }));
    await expect(write(what, stored, license)).rejects.toMatchObject({ code: 'license.changed' });
    expect(await stage.row()).toBe(row);
  });

  it.each(writes)('changes nothing when a backup with equal counters was restored: %s', async (_, what) => {
    await stage.install({ lid: 'one', jti: 'read' });
    const stored = await read();
    await parts().database.transaction((manager) =>
      manager.query(`UPDATE license SET stamp = gen_random_uuid(), jti = 'of the backup'`),
    );
    const row = await stage.row();
    const license = await licenseOf(stage.issuer.token({ lid: 'one', jti: 'late', iat: stage.now }));
    await expect(write(what, stored, license)).rejects.toMatchObject({ code: 'license.changed' });
    expect(await stage.row()).toBe(row);
  });

  it('puts no older token over a newer one, unless that one does not count any more', async () => {
    await stage.install({ lid: 'one', jti: 'newer', iat: stage.now });
    const [stored, row] = [await read(), await stage.row()];
    const older = await licenseOf(stage.issuer.token({ lid: 'one', jti: 'older', iat: stage.now - 100 }));
    const gently: Write = async (manager, from, license) =>
      parts().store.replace(manager, from, license, { overNewer: false });
    await expect(write(gently, stored, older)).rejects.toMatchObject({ code: 'license.changed' });
    expect(await stage.row()).toBe(row);
    await write(replace, stored, older);
    expect(await stage.license()).toMatchObject({ jti: 'older' });
  });
});
