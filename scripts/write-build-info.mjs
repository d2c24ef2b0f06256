// Writes dist/build-info.json: which commit this build is of; and makes the command executable. COMMIT says so where there is no git (an image build).
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';

function commit() {
  if (process.env.COMMIT) return process.env.COMMIT;
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    }).trim();
  } catch {
    return 'unknown';
  }
}

writeFileSync(
  new URL('../dist/build-info.json', import.meta.url),
  `${JSON.stringify({ commit: commit() })}\n`,
);
// The compiler drops the right to execute: `npx licentia` needs it.
chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755);
