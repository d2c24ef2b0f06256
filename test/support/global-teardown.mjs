import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const directory = process.env.TEST_TEMPLATE_DIRECTORY;
  if (directory) await rm(directory, { recursive: true, force: true });
}
