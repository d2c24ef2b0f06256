import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ControlServer } from './control-server.js';
import { FakeIssuer } from './fake-issuer.js';
import { FAULTS } from './faults.js';

const HELP = `Usage: npm run fake-issuer -- [options]

An issuer that renews licenses, and does it wrongly when it is told to. For tests: it does not run in production.

  --port <n>          where it listens (default 3001; 0 lets the system choose)
  --control-port <n>  where it is told what to do (default 3002; 0 likewise)
  --tls               speak TLS, with a certificate of its own authority for localhost
  --ca-file <path>    write that authority to a file, for ISSUER_CA_PATH
  --random            meet requests with faults by chance
  --seed <n>          which chance (default: by chance; it is printed)
  --share <0…1>       how many of them (default 0.3)
  --state <path>      keep keys and what was given in this directory; without it each start is another issuer
  --log <path>        append a line of JSON to this file for every request, fault and token
  --lifetime <s>      new tokens are of this moment and last so long (default: a second newer than the last, to the same end)
  --list              the names of all faults
  --help              this

Orders, to the control port: GET /, /ca, /faults, /log, /issued, /reports · POST /fault {name, times?} · DELETE /fault · POST
/random {seed, share?} · POST /hold, /release · POST /rotate {keepOld} · POST /tokens {claims} · POST /statements {claims} ·
POST /reports {manner: take | ignore | refuse}`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3001' },
    'control-port': { type: 'string', default: '3002' },
    tls: { type: 'boolean', default: false },
    'ca-file': { type: 'string' },
    random: { type: 'boolean', default: false },
    seed: { type: 'string' },
    share: { type: 'string', default: '0.3' },
    state: { type: 'string' },
    log: { type: 'string' },
    lifetime: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else if (values.list) for (const { family, name } of FAULTS) console.log(`${family}: ${name}`);
else await serve();

async function serve(): Promise<void> {
  const issuer = await FakeIssuer.start({
    port: number(values.port),
    tls: values.tls,
    ...(values.state === undefined ? {} : { state: values.state }),
    ...(values.log === undefined ? {} : { log: values.log }),
    ...(values.lifetime === undefined ? {} : { lifetime: number(values.lifetime) }),
  });
  if (values['ca-file'] !== undefined) writeFileSync(values['ca-file'], issuer.ca);
  const seed = values.random ? number(values.seed ?? String(Math.floor(Math.random() * 2 ** 31))) : undefined;
  if (seed !== undefined) issuer.inflictAtRandom(seed, number(values.share));
  const control = await ControlServer.start(issuer, number(values['control-port']));
  console.log(
    JSON.stringify({
      msg: 'listening',
      url: issuer.url,
      control: control.url,
      ...(seed === undefined ? {} : { seed }),
    }),
  );
  const end = () => void Promise.all([issuer.stop(), control.stop()]).then(() => process.exit(0));
  process.once('SIGTERM', end).once('SIGINT', end);
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new Error(`no number: ${text}`);
  return value;
}
