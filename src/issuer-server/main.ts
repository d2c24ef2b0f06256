import '../hangups.js';

const { runIssuerProgram } = await import('./issuer-program.js');
await runIssuerProgram(process.argv.slice(2));
