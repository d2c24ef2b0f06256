import type { Node } from 'yaml';
import { ACCOUNT_NAME, roleRemark } from '../../domain/account-name.js';
import { type Action, actionNamed } from '../../domain/actions.js';
import { isReservedUid } from '../../access/roles.js';
import { ROLE_UID } from '../service-account.request.js';
import type { Place, ProvisioningFaults } from './provisioning-faults.js';
import { parseYaml } from './yaml-document.js';
import { type Members, YamlReader } from './yaml-reader.js';

interface Entry {
  readonly place: Place;
  /** `state: absent` says that there is to be none. */
  readonly isPresent: boolean;
}

export interface ProvisionedRole extends Entry {
  readonly uid: string;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly group: string;
  readonly actions: readonly Action[];
}

export interface ProvisionedToken extends Entry {
  readonly name: string;
  /** SHA-256 of the token, base64url. */
  readonly hash: string;
  /** Null for a token that does not expire. */
  readonly expiresAt: Date | null;
}

export interface ProvisionedAccount extends Entry {
  readonly name: string;
  /** Undefined where the file leaves it out: then a disabled account stays disabled. */
  readonly isDisabled: boolean | undefined;
  readonly tokens: readonly ProvisionedToken[];
}

export interface ProvisionedAssignment extends Entry {
  readonly serviceAccount: string;
  /** Name or uid. */
  readonly role: string;
}

/** What the files of a provisioning say together. */
export interface Provisioning {
  readonly roles: ProvisionedRole[];
  readonly serviceAccounts: ProvisionedAccount[];
  readonly assignments: ProvisionedAssignment[];
}

const NAME_RULE = 'must be a name of 1 to 190 visible characters, without * and without spaces at its ends';

/**
 * Reads one file (YAML 1.2, `apiVersion: 2`) into `into`. Nothing is coerced, and unknown members are faults.
 * @param faults - gets all that is wrong
 */
export function readProvisioningFile(
  file: string,
  text: string,
  into: Provisioning,
  faults: ProvisioningFaults,
): void {
  const document = parseYaml(file, text, faults);
  if (document === undefined) return;
  const reader = new YamlReader(file, document.lines, faults);
  const root = reader.map(document.root, 'the file', [
    ...['apiVersion', 'roles', 'serviceAccounts', 'assignments'],
  ]);
  if (root === undefined) return;
  if (reader.value(root.get('apiVersion')) !== 2) {
    reader.fault(root.get('apiVersion') ?? document.root, 'apiVersion must be 2');
    return;
  }
  for (const node of reader.list(root.get('roles'), 'roles')) {
    const role = roleIn(reader, node);
    if (role !== undefined) into.roles.push(role);
  }
  for (const node of reader.list(root.get('serviceAccounts'), 'serviceAccounts')) {
    const account = accountIn(reader, node);
    if (account !== undefined) into.serviceAccounts.push(account);
  }
  for (const node of reader.list(root.get('assignments'), 'assignments')) {
    const assignment = assignmentIn(reader, node);
    if (assignment !== undefined) into.assignments.push(assignment);
  }
}

/** Finds what two entries say of one thing. */
export function findContradictions(
  { roles, serviceAccounts, assignments }: Provisioning,
  faults: ProvisioningFaults,
): void {
  const once = <T extends Entry>(entries: readonly T[], what: string, keyOf: (entry: T) => string) => {
    const known = new Map<string, Place>();
    for (const entry of entries) {
      const before = known.get(keyOf(entry));
      if (before === undefined) known.set(keyOf(entry), entry.place);
      else faults.add(entry.place, `${what} is named before, at ${before.file}:${before.line}`);
    }
  };
  once(roles, 'the uid of this role', ({ uid }) => uid);
  once(serviceAccounts, 'this service account', ({ name }) => name);
  once(assignments, 'this assignment', ({ serviceAccount, role }) => JSON.stringify([serviceAccount, role]));
  for (const { tokens } of serviceAccounts) once(tokens, 'this token', ({ name }) => name);
  once(
    serviceAccounts.flatMap(({ tokens }) => tokens.filter(({ isPresent }) => isPresent)),
    'the hash of this token',
    ({ hash }) => hash,
  );
}

const ROLE_MEMBERS = [
  ...['uid', 'name', 'displayName', 'description', 'group', 'permissions', 'state'],
  // Grafana's, which mean nothing here.
  ...['version', 'global'],
];

function roleIn(reader: YamlReader, node: Node | null): ProvisionedRole | undefined {
  const role = reader.map(node, 'a role', ROLE_MEMBERS);
  if (role === undefined) return undefined;
  const isPresent = reader.isPresent(role);
  const uid = reader.text(role, 'uid', node, ROLE_UID, 'must have 1 to 40 of A-Z, a-z, 0-9, _ and -');
  if (uid !== undefined && isReservedUid(uid))
    reader.fault(
      role.get('uid'),
      'uid must not begin with fixed_ or basic_: such roles come with the service',
    );
  const remark = (key: string, max: number) =>
    role.get(key) === undefined
      ? ''
      : (reader.text(
          role,
          key,
          node,
          roleRemark(max),
          `must be a text of at most ${max} characters, without control characters, invisible ones and *`,
        ) ?? '');
  const name = isPresent ? reader.text(role, 'name', node, ACCOUNT_NAME, NAME_RULE) : '';
  const entry = {
    displayName: remark('displayName', 190),
    description: remark('description', 1000),
    group: remark('group', 190),
  };
  const actions = isPresent ? actionsIn(reader, role, node) : [];
  if (uid === undefined || name === undefined) return undefined;
  return { ...entry, place: reader.place(node), isPresent, uid, name, actions };
}

function actionsIn(reader: YamlReader, role: Members, node: Node | null): Action[] {
  if (role.get('permissions') === undefined) reader.fault(node, 'permissions must be a list');
  const actions = new Set<Action>();
  for (const item of reader.list(role.get('permissions'), 'permissions')) {
    const permission = reader.map(item, 'a permission', ['action', 'scope']);
    if (permission === undefined) continue;
    const action = reader.value(permission.get('action'));
    const known = typeof action === 'string' ? actionNamed(action) : undefined;
    if (known === undefined)
      reader.fault(permission.get('action') ?? item, 'action must be an action of this service');
    else actions.add(known);
    if (![undefined, ''].includes(reader.value(permission.get('scope')) as undefined))
      reader.fault(permission.get('scope'), 'scope must be empty: no action of this service has a scope');
  }
  return [...actions];
}

function accountIn(reader: YamlReader, node: Node | null): ProvisionedAccount | undefined {
  const account = reader.map(node, 'a service account', ['name', 'isDisabled', 'tokens', 'state']);
  if (account === undefined) return undefined;
  const name = reader.text(account, 'name', node, ACCOUNT_NAME, NAME_RULE);
  const disabled = reader.value(account.get('isDisabled')) ?? undefined;
  const isDisabled = typeof disabled === 'boolean' ? disabled : undefined;
  if (disabled !== isDisabled) reader.fault(account.get('isDisabled'), 'isDisabled must be true or false');
  const tokens = reader.list(account.get('tokens'), 'tokens').flatMap((item) => tokenIn(reader, item) ?? []);
  const isPresent = reader.isPresent(account);
  if (name === undefined) return undefined;
  return { place: reader.place(node), isPresent, name, isDisabled, tokens };
}

function tokenIn(reader: YamlReader, node: Node | null): ProvisionedToken | undefined {
  const token = reader.map(node, 'a token', ['name', 'sha256', 'expiresAt', 'state']);
  if (token === undefined) return undefined;
  const isPresent = reader.isPresent(token);
  const name = reader.text(token, 'name', node, ACCOUNT_NAME, NAME_RULE);
  const rule = 'must be the SHA-256 of the token: 64 hexadecimal digits, in quotes';
  const hash = isPresent ? reader.text(token, 'sha256', node, /^[0-9a-f]{64}$/i, rule) : '';
  const expiresAt = reader.moment(token, 'expiresAt');
  if (name === undefined || hash === undefined) return undefined;
  const place = reader.place(node);
  return { place, isPresent, name, hash: Buffer.from(hash, 'hex').toString('base64url'), expiresAt };
}

function assignmentIn(reader: YamlReader, node: Node | null): ProvisionedAssignment | undefined {
  const assignment = reader.map(node, 'an assignment', ['serviceAccount', 'role', 'state']);
  if (assignment === undefined) return undefined;
  const serviceAccount = reader.text(assignment, 'serviceAccount', node, ACCOUNT_NAME, NAME_RULE);
  const role = reader.text(assignment, 'role', node, ACCOUNT_NAME, 'must be the name or uid of a role');
  const isPresent = reader.isPresent(assignment);
  if (serviceAccount === undefined || role === undefined) return undefined;
  return { place: reader.place(node), isPresent, serviceAccount, role };
}
