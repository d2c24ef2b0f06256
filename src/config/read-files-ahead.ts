import { MAX_CERTIFICATE_BYTES } from './certificate-file.js';
import { type Environment, MAX_SECRET_BYTES, type Settings } from './environment.js';
import { readNamedFile, textOfFile } from './named-file.js';
import { path, type Setting } from './setting.js';

/**
 * Reads all files that the settings name in parallel, each with a deadline. A file that hangs is a fault of its
 * setting; else it would block the process. The loading of the settings reports all other faults.
 */
export async function readFilesAhead(settings: Settings, environment: Environment): Promise<void> {
  await Promise.all(
    Object.entries(settings).map(async ([name, setting]) =>
      readAhead(name, setting, environment).catch(() => undefined),
    ),
  );
}

async function readAhead(name: string, setting: Setting<unknown>, environment: Environment): Promise<void> {
  const file = (setting.secret && environment[`${name}_FILE`]) || undefined;
  const text =
    file === undefined
      ? environment[name]
      : textOfFile(await readNamedFile(path.parse(file), MAX_SECRET_BYTES));
  if (!text || setting.files === undefined) return;
  await Promise.all(setting.files(text).map(async (named) => readNamedFile(named, MAX_CERTIFICATE_BYTES)));
}
