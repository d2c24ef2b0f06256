// Writes docs/cli.md from the commands themselves. test/cli/document.spec.ts compares them.
import { writeFileSync } from 'node:fs';
import { documentOf } from '../dist/cli/document.js';

writeFileSync(new URL('../docs/cli.md', import.meta.url), documentOf());
