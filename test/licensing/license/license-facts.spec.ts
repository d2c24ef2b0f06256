import { LicensingService } from '../../../src/licensing/licensing.service.js';
import { ACTOR, type LicensingStage, shareLicensingStage } from '../../support/licensing-stage.js';

interface Row {
  readonly action: string;
  readonly before: Readonly<Record<string, unknown>> | null;
}

describe('The audit record of a license', () => {
  let stage: LicensingStage;
  shareLicensingStage((opened) => (stage = opened));

  it('says what was there before, and never its token', async () => {
    const now = stage.hold();
    const first = await stage.install({ jti: 'one', iat: now - 10, included_users: 50 });
    await stage.install({ jti: 'two', iat: now - 5, included_users: 60 });
    await stage.get(LicensingService).remove(ACTOR, 'http://localhost:3000/');

    const rows = await stage.query<Row>('SELECT action, before FROM audit_event ORDER BY id');
    expect(rows).toEqual([
      { action: 'license.install', before: null },
      { action: 'license.install', before: expect.objectContaining({ jti: 'one', included_users: 50 }) },
      { action: 'license.remove', before: expect.objectContaining({ jti: 'two', included_users: 60 }) },
    ]);
    const terms = ['included_admins', 'included_users', 'included_viewers'];
    expect(Object.keys(rows[1]?.before ?? {}).sort()).toEqual([
      'exp',
      'iat',
      ...terms,
      'jti',
      'lexp',
      'lid',
      'nbf',
      'prod',
    ]);
    expect(JSON.stringify(rows)).not.toContain(first.split('.')[2]);
  });
});
