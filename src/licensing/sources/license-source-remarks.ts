import { NamedFileError } from '../../config/named-file.js';
import type { SourcesConfig } from '../../config/service-config.js';
import {
  describeMalformedToken,
  isCompactShape,
  withoutSurroundings,
} from '../../domain/token/malformed-token.js';
import { readLicenseFile } from './license-file.js';

/**
 * What an operator should know about `LICENSE_PATH` and `LICENSE_TEXT` before a start, a sentence each. They
 * keep nothing from starting: a file may be mounted later. Signatures are not looked at, as the keys may have
 * to be fetched.
 */
export async function inspectLicenseSources({ path, text }: SourcesConfig): Promise<string[]> {
  const found = [
    ...(path === undefined ? [] : [await inspectFile(path)]),
    ...(text === undefined ? [] : [inspectText('LICENSE_TEXT', text)]),
  ];
  return found.filter((sentence) => sentence !== undefined);
}

async function inspectFile(path: string): Promise<string | undefined> {
  try {
    return inspectText('LICENSE_PATH', await readLicenseFile(path));
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    return `LICENSE_PATH names a file that cannot be used now: ${error.message}. It is looked at again every second.`;
  }
}

function inspectText(setting: string, text: string): string | undefined {
  const token = withoutSurroundings(text);
  return isCompactShape(token) ? undefined : `${setting}: ${describeMalformedToken(text)}`;
}
