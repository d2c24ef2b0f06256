import './hangups.js';

await import('./quickstart-program.js');
