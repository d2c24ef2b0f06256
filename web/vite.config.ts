import { defineConfig } from 'vite';

/**
 * Where `npm run page` sends calls of the API: a service that runs, `http://localhost:3000` unless `LICENTIA_URL` names
 * another one.
 */
const service = process.env.LICENTIA_URL ?? 'http://localhost:3000';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the page works below the path of any ROOT_URL.
  base: './',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    // The newest browsers of two years; older ones lack light-dark().
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // One script and one style: nothing to preload, and no data: address, which the policy of the page refuses.
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    // What the licenses of the bundled packages ask for.
    license: { fileName: 'NOTICE.md' },
    reportCompressedSize: false,
  },
  server: {
    port: 5173,
    proxy: {
      '/api': { target: service, changeOrigin: true },
      '/ui/session': { target: service, changeOrigin: true },
    },
  },
});
