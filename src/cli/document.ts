import type { Option } from 'commander';
import { ExitCode } from './exit-code.js';
import type { LicentiaCommand } from './licentia-command.js';
import { createProgram } from './program.js';

const HEAD = `# The licentia command

This page is written by \`npm run cli:document\` from the commands themselves.

\`npx licentia\` runs the command in the checkout after \`npm ci && npm run build\`; \`npm link\` makes it \`licentia\` everywhere. In the image it is \`licentia\`:
\`docker exec <container> licentia check\`. \`licentia <command> --help\` shows what is below. Nothing needs \`curl\`.

## Which service, as whom

| | option | variable | else |
|---|---|---|---|
| service | \`--url\` | \`LICENTIA_URL\` | that of the profile; \`http://localhost:3000\` |
| profile | \`--profile\` | \`LICENTIA_PROFILE\` | \`default\` |
| token | \`--token-stdin\` | \`LICENTIA_TOKEN\`, or a file: \`LICENTIA_TOKEN_FILE\` | that of the profile |
| administrator | | \`LICENTIA_USER\`, with \`LICENTIA_PASSWORD\` or \`LICENTIA_PASSWORD_FILE\` | |

The commands of \`licentia issuer\` call an issuer that runs, with its \`ISSUER_ADMIN_TOKEN\`:

| | option | variable | else |
|---|---|---|---|
| issuer | \`--url\` | \`LICENTIA_ISSUER_URL\` | that of the profile; \`http://localhost:3001\` if a token is given |
| profile | \`--profile\` | \`LICENTIA_PROFILE\` | \`default\` |
| token | \`--token-stdin\` | \`LICENTIA_ISSUER_TOKEN\`, or a file: \`LICENTIA_ISSUER_TOKEN_FILE\` | that of the profile (\`licentia login --issuer\`) |

Without any of these, and with \`--database\`, they work on the database that the settings of the issuer name
([configuration.md](configuration.md#the-issuer-licentia-issuer-serve)). An embedded database has room for one process: call the issuer that runs on it.
If an answer gets lost, they repeat the call until the issuer is back, for 15 seconds. \`issue\` sends an id with it, so nothing is issued twice.

- \`licentia login\` asks for a token and does not show it, or reads it with \`--token-stdin\`. It keeps a profile in
  \`$XDG_CONFIG_HOME/licentia/profiles\` (else \`~/.config\`), a file of mode 0600. A profile that others can read is refused.
- The token of a profile goes to the service of that profile, and to no other address.
- A secret is never an argument: other users of the machine could read it.
- Node's \`NODE_EXTRA_CA_CERTS\` names a certificate authority of your own.

## Output

- On a terminal a command prints tables. Where one is wider than the terminal, its last column is broken into lines, or each row becomes a list of names and
  values. \`NO_COLOR\` takes the colors away. \`timeline\` and \`usage history\` draw a picture instead, in ASCII if the locale
  (\`LC_ALL\`, \`LC_CTYPE\`, \`LANG\`) is not UTF-8; \`| cat\` gets their table.
- To another program it prints a line for each row, with tabs between the cells and without a head. Where a command prints several tables, each line begins with the name
  of its table.
- \`--json\` prints JSON: the answer of the operation that is named below, as [openapi.yaml](openapi.yaml) describes it, unless the command says else. An error is
  \`{"error": {"message", "next", …}}\` on standard error, with \`code\`, \`status\` and \`requestId\` where the service answered; also if the command line makes no sense.
- \`--dry-run\` is on the commands whose operation the API can try without doing it: \`install\`, \`renew\`, \`rollback\`, \`remove\` and \`role provision\`. Others have none,
  as a command could only guess. \`usage admit\` takes the last seat or does not, in one transaction: \`usage show\` says how many are free, and \`usage explain\`
  whether a person has one. \`usage delete\` asks first.
- \`--quiet\` prints nothing but errors.
- What destroys something asks first. \`--yes\` answers; without a terminal and without \`--yes\` the command is refused.

## Exit codes

| code | meaning |
|---|---|
| ${ExitCode.Done} | yes, or done |
| ${ExitCode.No} | a completed no: the check is false, a license is refused, a name is taken |
| ${ExitCode.Unknown} | it could not tell: the network, the service, the credentials, a file, or another program answers at the address |
| ${ExitCode.Usage} | the command line makes no sense |
| 74 | it is done, and its result could not be written |

A file that is not read or written within 2 s, as on a file system that hangs, ends the command with ${ExitCode.Unknown} and a sentence. Before Node 22.15 a command whose file hangs must kill
itself then, so its code is 137.

\`--json\` and \`--quiet\` change no exit code. \`serve\`, \`migrate\` and \`config check\` have codes of their own, below.
`;

/** docs/cli.md. */
export function documentOf(): string {
  const program = createProgram(
    {
      environment: {},
      home: '',
      stdin: process.stdin,
      isTerminal: { stdin: false, stdout: false, stderr: false },
      isOutputClosed: false,
      write: async () => undefined,
      say: () => undefined,
    },
    () => undefined,
  );
  const commands = commandsOf(program);
  const groups = [...new Set(commands.map(groupOf))];
  const parts = groups.map((group) => {
    const sections = commands.filter((command) => groupOf(command) === group).map(sectionOf);
    return `## ${group.replace(':', '')}\n\n${sections.join('\n')}`;
  });
  return `${HEAD}\n${parts.join('\n')}`;
}

/** The commands that do something, in the order of the help. */
export function commandsOf(program: LicentiaCommand): LicentiaCommand[] {
  return (program.commands as LicentiaCommand[]).flatMap((command) =>
    command.manual === undefined ? commandsOf(command) : [command],
  );
}

export function nameOf(command: LicentiaCommand): string {
  const { parent } = command;
  return parent === null ? command.name() : `${nameOf(parent as LicentiaCommand)} ${command.name()}`;
}

function groupOf(command: LicentiaCommand): string {
  const parent = command.parent as LicentiaCommand;
  return parent.parent === null ? command.helpGroup() : groupOf(parent);
}

function sectionOf(command: LicentiaCommand): string {
  const { manual } = command;
  const { summary = '', examples = [], operations = [], json, exits } = manual ?? {};
  const options = command.options.filter(({ long }) => !COMMON.includes(long ?? '')).map(optionLine);
  const has = COMMON.filter((long) => command.options.some((option) => option.long === long));
  const lines = [
    ...options,
    ...(has.length === 0 ? [] : [`- also ${has.map((long) => `\`${long}\``).join(', ')}`]),
    ...(json !== undefined || operations.length > 0
      ? [`- \`--json\`: ${json ?? `the answer of \`${operations[0]}\``}`]
      : []),
    ...(exits === undefined ? [] : [`- exit code: ${exits}`]),
  ];
  const usage = command.usage().replace(/^\[options\] ?/, '');
  const title = `### ${nameOf(command)}\n\n${summary[0]?.toUpperCase()}${summary.slice(1)}.\n`;
  const list = lines.length === 0 ? '' : `\n${lines.join('\n')}\n`;
  const call = usage === '' ? '' : `\n\`${nameOf(command)} ${usage}\`\n`;
  return `${title}${call}${list}\n\`\`\`text\n${examples.join('\n')}\n\`\`\`\n`;
}

const COMMON = ['--json', '--quiet', '--url', '--profile', '--token-stdin', '--timeout'];

function optionLine({ flags, description }: Option): string {
  return `- \`${flags}\`: ${description}`;
}
