import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyDatabases } from './database.js';

/** The built program of `npm start`. */
export const QUICKSTART = fileURLToPath(new URL('../../dist/quickstart.js', import.meta.url));

/** `npm start` as a process in a directory of its own, whose databases have their tables already. */
export class QuickstartProcess {
  private constructor(
    /** What it printed by the time that it was ready. */
    readonly output: string,
    readonly stop: () => Promise<void>,
  ) {}

  /** Starts it and waits until it is ready. @throws Error with what it said, where it ends before that */
  static async start(environment: Readonly<Record<string, string>>): Promise<QuickstartProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'licentia-quickstart-'));
    copyDatabases(directory);
    const child = spawn(process.execPath, [QUICKSTART], {
      env: { PATH: process.env.PATH, ...environment },
      cwd: directory,
    });
    const exited = once(child, 'exit');
    const stop = async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    };
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
    while (!output.includes('Ctrl+C ends it.')) {
      if (child.exitCode !== null) {
        await stop();
        throw new Error(output);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return new QuickstartProcess(output, stop);
  }

  /** The address that it prints first: it signs in, once. */
  get link(): string {
    return /^Open (\S+)$/m.exec(this.output)?.[1] ?? '';
  }
}
