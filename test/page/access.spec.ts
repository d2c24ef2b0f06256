import { faultsInBothThemes, BrowserStage, describeInBrowser } from '../support/browser.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const ACCOUNTS = 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk';
const ROLES = 'fixed_W5aFaw8isAM27x_eWfElBhZ0iOc';

describeInBrowser('the access view of the page', () => {
  let stage: BrowserStage;
  let complaints: readonly string[] = [];

  beforeAll(async () => {
    stage = await BrowserStage.start();
  });
  afterEach(async () => {
    await stage.closePages();
    expect(complaints).toEqual([]);
  });
  afterAll(async () => stage.stop());

  it('makes an account, a token that works and is shown once, and gives, takes, revokes', async () => {
    const opened = await stage.signIn('access', undefined, { width: 360, height: 740 });
    const { page } = opened;
    complaints = opened.complaints;
    await page.getByLabel('Name of a new account').fill('license-robot');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'license-robot' }).waitFor();

    // No role is given by a click too many.
    expect(await page.getByRole('button', { name: 'Give role' }).isDisabled()).toBe(true);
    await page.getByLabel('Role to give').selectOption({ label: 'fixed:licensing:reader' });
    await page.getByRole('button', { name: 'Give role' }).click();
    await page.getByRole('button', { name: 'Take away the role fixed:licensing:reader' }).waitFor();
    expect(await page.locator('select option:checked').last().textContent()).toBe('Choose a role');

    await page.getByLabel('Name of a new token').fill('ci');
    await page.getByLabel('Expires').selectOption({ label: 'In 30 days' });
    await page.getByRole('button', { name: 'Create token' }).dblclick();
    const key = (await page.locator('.secret').textContent()) ?? '';
    const check = async () =>
      (
        await fetch(`${stage.service.url}/api/licensing/check`, {
          headers: { Authorization: `Bearer ${key}` },
        })
      ).status;
    expect(await check()).toBe(200);
    expect(await faultsInBothThemes(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    // In sight, although the table is wider than the window.
    const revoke = await page.getByRole('button', { name: 'Revoke the token ci' }).boundingBox();
    expect((revoke?.x ?? 360) + (revoke?.width ?? 0)).toBeLessThanOrEqual(360);
    await page.getByRole('button', { name: 'Hide' }).click();
    expect(await page.content()).not.toContain(key);

    await page.getByRole('button', { name: 'Take away the role fixed:licensing:reader' }).click();
    await page.getByText('The account does not have the role any more.').waitFor();
    expect(await check()).toBe(403);
    const accounts = await stage.call('GET', '/api/serviceaccounts/search');
    const tokens = `/api/serviceaccounts/${accounts.serviceAccounts[0].id}/tokens`;
    const [{ expiration }] = await stage.call('GET', tokens);
    const days = (Date.parse(expiration) - Date.now()) / 86_400_000;
    expect([days > 29.9, days <= 30]).toEqual([true, true]);

    // A question comes first, and no answer changes nothing.
    await page.getByRole('button', { name: 'Revoke the token ci' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke the token ci?' });
    expect(await faultsInBothThemes(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await check()).toBe(403);
    await page.getByRole('button', { name: 'Revoke the token ci' }).click();
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('The token is revoked').waitFor();
    expect(await check()).toBe(401);
    await page.getByRole('button', { name: 'Delete the token ci' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The token is deleted.').waitFor();
    expect(await stage.call('GET', tokens)).toEqual([]);
  });

  it('disables, enables and deletes an account, with a question before what is hard to undo', async () => {
    const token = await stage.caller('robot', READER);
    const opened = await stage.signIn('access');
    const { page } = opened;
    complaints = opened.complaints;
    const check = async () => {
      const headers = { Authorization: `Bearer ${token}` };
      return (await fetch(`${stage.service.url}/api/licensing/check`, { headers })).status;
    };
    await page.getByRole('button', { name: 'Show robot' }).click();
    await page.getByRole('button', { name: 'Disable …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await page.getByText('The account robot is disabled.').waitFor();
    expect(await check()).toBe(401);
    await page.getByRole('button', { name: 'Enable' }).click();
    await page.getByText('The account robot is enabled.').waitFor();
    expect(await check()).toBe(200);
    await page.getByRole('button', { name: 'Delete the account …' }).click();
    // Its button goes with it: the focus is on what came of it from the moment that it is shown.
    await page.evaluate(`new MutationObserver(() => {
      if (document.body.textContent.includes('robot is deleted.')) {
        globalThis.focused ??= document.activeElement.textContent;
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true })`);
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The account robot is deleted.').waitFor();
    expect(await page.evaluate('globalThis.focused')).toMatch(/is deleted\.\s*$/);
    await page.getByRole('heading', { name: 'robot' }).waitFor({ state: 'detached' });
    expect(await check()).toBe(401);
  });

  it('makes, changes and deletes a role, and keeps what another operator has changed meanwhile', async () => {
    const opened = await stage.signIn('access', undefined, { width: 360, height: 740 });
    const { page } = opened;
    complaints = opened.complaints;
    const custom = async () =>
      (await stage.call('GET', '/api/access-control/roles')).find(
        ({ name }: { name: string }) => name === 'ops',
      );
    await page.getByRole('button', { name: 'Create a role …' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await dialog.getByLabel('Name of the role').fill('ops');
    await dialog.getByLabel('licensing:read').check();
    expect(await faultsInBothThemes(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The role ops is made.').waitFor();
    const made = await custom();
    expect(made.permissions).toEqual([{ action: 'licensing:read', scope: '' }]);

    await page.getByRole('button', { name: 'Edit the role ops' }).click();
    await dialog.getByLabel('licensing:write').check();
    await stage.call('PUT', `/api/access-control/roles/${made.uid}`, {
      ...{ name: 'ops', displayName: 'Operators', group: 'Licensing', version: 1 },
      permissions: [{ action: 'audit:read' }],
    });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'role.version-conflict' }).waitFor();
    expect((await custom()).permissions).toEqual([{ action: 'audit:read', scope: '' }]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Operators (ops)').waitFor();
    await page.getByRole('button', { name: 'Edit the role ops' }).click();
    await dialog.getByLabel('licensing:write').check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The role ops is changed').waitFor();
    const changed = await custom();
    expect(changed).toMatchObject({ displayName: 'Operators', group: 'Licensing', version: 3 });
    expect(changed.permissions.map(({ action }: { action: string }) => action).toSorted()).toEqual([
      ...['audit:read', 'licensing:write'],
    ]);

    await stage.caller('holder', made.uid);
    const remove = async (isForced: boolean) => {
      await page.getByRole('button', { name: 'Delete the role ops' }).click();
      if (isForced) await dialog.getByLabel('Take it from the accounts that have it.').check();
      await dialog.getByRole('button', { name: 'Delete' }).click();
    };
    await remove(false);
    await page.getByRole('alert').filter({ hasText: 'role.in-use' }).waitFor();
    await remove(true);
    await page.getByText('The role ops is deleted.').waitFor();
    expect(await custom()).toBeUndefined();
  });

  it('lists who is signed in, and ends a session', async () => {
    const token = await stage.caller('second reader', READER);
    const theirs = await stage.signIn('overview', token);
    const opened = await stage.signIn('access');
    const { page } = opened;
    complaints = opened.complaints;
    const sessions = page.getByRole('region', { name: 'Sessions of this page' });
    await sessions.getByText('bootstrap (this session)').waitFor();
    await sessions.getByRole('button', { name: /^End session \d+ of second reader$/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End' }).click();
    await page.getByText('The session has ended.').waitFor();
    await theirs.page.getByText('Your session has ended. Sign in again.').waitFor();
    expect(theirs.complaints).toEqual([]);
  });

  it('offers a caller only what it may do: nothing with accounts, roles and sessions that hold more', async () => {
    await stage.caller('powerful', 'basic_grafana_admin');
    await stage.caller('powerless');
    await stage.call('POST', '/api/access-control/roles', {
      ...{ uid: 'installer', name: 'installer' },
      permissions: [{ action: 'licensing:write' }],
    });
    const manager = await stage.caller('manager', ACCOUNTS, ROLES);
    const opened = await stage.signIn('access', manager);
    const { page } = opened;
    complaints = opened.complaints;
    await stage.signIn('overview');
    await page.getByRole('button', { name: 'Show powerful' }).click();
    await page.getByText('its roles give more than you hold').waitFor();
    const panel = page.getByRole('region', { name: 'powerful' });
    expect(await panel.getByRole('button').allTextContents()).toEqual(['Give role']);
    expect(await panel.getByRole('option').allTextContents()).not.toContain('fixed:licensing:reader');
    await page.getByRole('button', { name: 'Show powerless' }).click();
    await page.getByRole('button', { name: 'Create token' }).waitFor();
    const roles = page.getByRole('region', { name: 'Roles', exact: true }).last();
    expect(await roles.getByRole('button', { name: /installer/ }).count()).toBe(0);
    const sessions = page.getByRole('region', { name: 'Sessions of this page' }).last();
    await sessions.getByText('bootstrap', { exact: true }).first().waitFor();
    expect(await sessions.getByRole('button', { name: /of bootstrap/ }).count()).toBe(0);
    expect(await sessions.getByRole('button', { name: /of manager/ }).count()).toBe(1);
  });

  it('shows a reader no button but those that show', async () => {
    await stage.call('POST', '/api/access-control/roles', {
      ...{ uid: 'looker', name: 'looker' },
      permissions: ['serviceaccounts:read', 'roles:read', 'users.roles:read'].map((action) => ({ action })),
    });
    const opened = await stage.signIn('access', await stage.caller('looker', 'looker'));
    const { page } = opened;
    complaints = opened.complaints;
    await page.getByRole('button', { name: 'Show looker' }).click();
    await page.getByRole('heading', { name: 'Roles of the account' }).waitFor();
    const names = new Set(await page.locator('main').getByRole('button').allTextContents());
    expect([...names].filter((name) => !name.startsWith('Show '))).toEqual([]);
    expect(await page.locator('main').locator('input, select').count()).toBe(0);
  });

  it('shows why a name is refused', async () => {
    await stage.call('POST', '/api/serviceaccounts', { name: 'taken' });
    const opened = await stage.signIn('access');
    complaints = opened.complaints;
    await opened.page.getByLabel('Name of a new account').fill('taken');
    await opened.page.getByRole('button', { name: 'Create account' }).click();
    await opened.page.getByRole('alert').filter({ hasText: 'service-account.name-taken' }).waitFor();
  });
});
