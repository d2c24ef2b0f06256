import { readNamedFile } from '../../config/named-file.js';

/** Room for the longest token in UTF-16, which is told by its sentence, and white space. Bytes. */
const MAX_BYTES = 64 * 1024;

/**
 * The text of a file with a license, as it is.
 * @throws NamedFileError
 */
export async function readLicenseFile(path: string): Promise<string> {
  return (await readNamedFile(path, MAX_BYTES)).toString('utf8');
}
