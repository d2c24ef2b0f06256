import type { components } from './schema.js';

/** What an answer of the service names as the cause, and what this client adds for calls without such an answer. */
export type FailureCode =
  | components['schemas']['Error']['messageId']
  | 'access.denied'
  | 'client.unreachable'
  | 'client.timeout'
  | 'client.bad-answer';

/** What a person can do next, for each code. docs/errors.md says more. */
export const NEXT_STEPS: Readonly<Record<FailureCode, string>> = {
  'auth.unauthorized': 'Send a token.',
  'api-key.invalid': 'Use another token, or create one.',
  'api-key.expired': 'Create a new token.',
  'api-key.revoked': 'Find out why the token was revoked, then create a new one.',
  'identity.disabled': 'Enable the service account.',
  'password-auth.failed': 'Check name and password; after five failures wait five minutes.',
  'session.ended': 'Sign in again.',
  'session.link-invalid': 'Sign in with a token, or start the quickstart again for a new link.',
  'access.denied': 'Ask an administrator for a role with the action that is named.',
  'bad-request': 'Correct the request. Nothing was changed.',
  'session.insecure': 'Open the page over https, or on localhost.',
  'session.foreign-origin': 'Open the page at the address that ROOT_URL names.',
  'license.invalid': 'Get a new token from the issuer.',
  'license.untrusted': "Compare ISSUER_ID and the issuer's keys with the token.",
  'license.not-active': 'Wait until the license starts, or correct the clock.',
  'license.subject-mismatch': 'Get a license for this instance, or correct ROOT_URL.',
  'license.expired': 'Renew the license at its issuer.',
  'license.stale': 'Keep the stored token: it is newer.',
  'license.acknowledge-required': 'Look at the changes; if they are what you want, acknowledge them.',
  'license.changed': 'Look at the present license, and renew again if necessary.',
  'license.not-found': 'Install a license first.',
  'instance.mismatch': 'Make sure that this is the right service.',
  'issuer.refused': 'Ask the issuer. The stored license stays as it is.',
  'issuer.bad-response': "Look into the service's log; retry later. The stored license stays as it is.",
  'issuer.unavailable': 'Retry later; check the ISSUER_ settings of the service.',
  'issuer.timeout': 'Retry: the service picks up a renewal that the issuer has finished.',
  'database.unavailable': 'Retry later.',
  'request.overdue': 'Check whether the request took effect, and retry.',
  'request.too-large': 'Send a smaller body.',
  'access.last-administrator': 'First give another working token this right.',
  'role.name-taken': 'Choose another name.',
  'role.uid-taken': 'Choose another uid, or change the role that has it.',
  'role.version-conflict': 'Read the role again, and repeat the change with its version.',
  'role.in-use': 'Take the role from its accounts, or force the deletion.',
  'role.limit-reached': 'Delete roles that nobody needs, or raise MAX_CUSTOM_ROLES.',
  'provisioning.faulty': 'Correct the files that are named, and try a dry run.',
  'service-account.name-taken': 'Choose another name.',
  'service-account.token-name-taken': 'Choose another name, or delete the other token.',
  'service-account.limit-reached': 'Delete an account that is not used, or raise MAX_SERVICE_ACCOUNTS.',
  'service-account.token-limit-reached': 'Delete tokens that are not used, or raise MAX_TOKENS_PER_ACCOUNT.',
  'api-keys.gone': 'Create a service account, and a token of it.',
  'not-found': 'Check the address and the ids.',
  'method-not-allowed': 'Use the version of this client that belongs to the service.',
  'too-many-requests': 'Wait, and send fewer requests.',
  'internal-error': "Report the request id: the service's log has the details.",
  'client.unreachable': 'Check the address, and whether the service runs.',
  'client.timeout': 'Check whether the request took effect, and retry with a longer time-out.',
  'client.bad-answer': 'Check the address: what answers is not this service, or a proxy answers for it.',
};
