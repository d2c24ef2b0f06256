import { createSecureContext, type SecureContext } from 'node:tls';
import type { PostgresTls } from '../config/postgres-address.js';

const contexts = new WeakMap<PostgresTls, { readonly secureContext?: SecureContext }>();

/**
 * What OpenSSL made of certificates and keys, for `tls.connect`. A bundle of authorities takes tens of milliseconds
 * of the event loop, so all connections with the same certificates share one.
 *
 * @returns nothing for what OpenSSL refuses: the connection meets the same fault, and reports it
 */
export function secureContextOf(tls: PostgresTls): { readonly secureContext?: SecureContext } {
  const known = contexts.get(tls);
  if (known !== undefined) return known;
  const made = contextFor(tls);
  contexts.set(tls, made);
  return made;
}

function contextFor(tls: PostgresTls): { readonly secureContext?: SecureContext } {
  try {
    return { secureContext: createSecureContext(tls) };
  } catch {
    return {};
  }
}
