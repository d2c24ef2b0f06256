import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const directory = globalThis.templateOfThisRun;
  if (directory) await rm(directory, { recursive: true, force: true });
}
