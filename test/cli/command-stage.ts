import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../../src/cli/program.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** What a command came to. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A person or a script with a home of its own, who runs the command. */
export class CommandStage {
  readonly home = mkdtempSync(join(tmpdir(), 'licentia-cli-'));
  environment: Record<string, string> = {};
  /** Whether standard output is a terminal. */
  isTerminal = false;
  /** How wide it is. */
  columns: number | undefined;
  isOutputClosed = false;

  /** Runs the command in this process. @param line - words with blanks between them */
  async run(line: string, input = ''): Promise<Ran> {
    const ran = { stdout: '', stderr: '' };
    const code = await runCommandLine(line.split(' '), {
      environment: this.environment,
      home: this.home,
      stdin: Readable.from([input]) as unknown as NodeJS.ReadStream,
      isTerminal: { stdin: false, stdout: this.isTerminal, stderr: false },
      isOutputClosed: this.isOutputClosed,
      columns: this.columns,
      write: async (text) => {
        ran.stdout += text;
      },
      say: (text) => {
        ran.stderr += text;
      },
    });
    return { code: code ?? null, ...ran };
  }

  /** Runs the built command as a process of its own. */
  async spawn(line: string, input = ''): Promise<Ran> {
    const child = spawn(process.execPath, [MAIN, ...line.split(' ')], {
      env: { PATH: process.env.PATH, HOME: this.home, ...this.environment },
    });
    const ran = { stdout: '', stderr: '' };
    child.stdout.on('data', (bytes: Buffer) => (ran.stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (ran.stderr += bytes.toString()));
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code: code ?? null, ...ran };
  }

  /** @returns the path of a new file */
  file(name: string, text: string): string {
    const path = join(this.home, name);
    writeFileSync(path, text);
    return path;
  }

  close(): void {
    rmSync(this.home, { recursive: true });
  }
}
