/**
 * Loads a module of the build. Who verifies a file runs this for each one, so it does not build first.
 * @param {string} path below dist
 */
export async function loadBuilt(path) {
  try {
    return await import(new URL(`../dist/${path}`, import.meta.url));
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(
      'Nothing was checked: the build is missing. Run `npm ci` and `npm run build` once, then this again.',
    );
    process.exit(2);
  }
}
