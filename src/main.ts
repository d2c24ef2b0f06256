import './hangups.js';

const [{ runProcess }, { SERVICE_PROGRAM }] = await Promise.all([
  import('./run-process.js'),
  import('./service-program.js'),
]);
await runProcess(SERVICE_PROGRAM);
