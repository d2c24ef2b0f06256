import type { Outcome } from '#client';
import { CallFailedError } from './command-error.js';
import { addDoctorCommand } from './doctor-command.js';
import type { LicentiaCommand } from './licentia-command.js';

/** How the service itself is run. Its settings come from the environment, as without this command. */
export function addServiceCommands(program: LicentiaCommand): void {
  program
    .command('serve')
    .documented({
      summary: 'run the service, until SIGTERM or SIGINT',
      examples: ['licentia serve', 'PORT=8080 DATABASE_URL=postgres://… ROOT_URL=https://… licentia serve'],
      exits: '0 after a signal, 1 if it cannot start.',
    })
    .action(async () => runService([]));
  program
    .command('migrate')
    .documented({
      summary: "bring the tables of the service's database up to date",
      examples: ['DATABASE_URL=postgres://… licentia migrate'],
      exits: '0 done, 1 if that failed.',
    })
    .action(async () => runService(['--migrate']));
  program
    .command('reencrypt')
    .documented({
      summary: "store the license tokens in the service's database anew, as LICENSE_ENCRYPTION_KEY says",
      examples: ['DATABASE_URL=postgres://… LICENSE_ENCRYPTION_KEY="$NEW,$FORMER" licentia reencrypt'],
      exits: '0 done, 1 if that failed or a token could not be read.',
    })
    .action(async () => runService(['--reencrypt']));
  program
    .group('config', 'the settings of the service')
    .command('check')
    .documented({
      summary: 'say what is wrong with the environment, without starting the service',
      examples: ['licentia config check'],
      exits: '0 fine, 1 if it cannot be used, 3 if it can and something looks wrong.',
    })
    .action(async () => runService(['--check-config']));
  addDoctorCommand(program);
  program.calls(
    'status',
    {
      summary: 'say whether the service and its database are ready, and which version answers',
      examples: ['licentia status'],
      operations: ['getHealth', 'getReadiness'],
      retries: 0,
      json: '`{ "health": Health, "readiness": Readiness }`',
      exits: '0 ready, 1 not ready, 2 if it cannot be reached.',
    },
    async ({ api }) => {
      const readiness = await stateOf(api.GET('/readyz'), 'status');
      const health = await stateOf(api.GET('/api/health'), 'database');
      return {
        json: { health, readiness },
        sections: [
          {
            rows: [
              ['ready', readiness.status],
              ['reason', readiness.reason ?? health.reason],
              ['database', health.database],
              ['version', health.version],
              ['commit', health.commit],
            ],
          },
        ],
        exitCode: readiness.status === 'ready' ? 0 : 1,
      };
    },
  );
}

/** What a probe says: with 503 too. @throws CallFailedError where another program answers, or none */
async function stateOf<T extends object>(call: Promise<Outcome<T>>, member: keyof T): Promise<T> {
  const outcome = await call;
  if (outcome.ok) return outcome.value;
  const { status, code, body } = outcome.failure;
  const isProbe =
    status === 503 &&
    code === 'client.bad-answer' &&
    typeof body === 'object' &&
    body !== null &&
    Object.hasOwn(body, member);
  if (!isProbe) throw new CallFailedError(outcome.failure);
  return body as T;
}

async function runService(args: readonly string[]): Promise<void> {
  // The service loads a framework and a database, which no other command needs.
  await import('../hangups.js');
  const [{ runProcess }, { SERVICE_PROGRAM }] = await Promise.all([
    import('../run-process.js'),
    import('../service-program.js'),
  ]);
  await runProcess(SERVICE_PROGRAM, args);
}
