import { addSeatCommands } from './seat-commands.js';
import { day } from './arguments.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';
import { seatsPicture } from './seats-picture.js';
import { type Cell, time } from './report.js';
import { addSubjectCommands } from './subject-commands.js';

const DAYS = [
  ['--from <day>', 'the first UTC day (else thirty days before the last)', day],
  ['--to <day>', 'the last UTC day (else yesterday)', day],
] as const;

interface Span {
  readonly from?: string;
  readonly to?: string;
}

/** Who uses the product, and how many seats that takes. */
export function addUsageCommands(program: LicentiaCommand): void {
  const usage = program.group('usage', 'who uses the product, and how many seats that takes');
  addReadings(usage);
  addSubjectCommands(usage);
  addSeatCommands(usage);
}

function addReadings(usage: LicentiaCommand): void {
  usage
    .calls(
      'show',
      {
        summary: 'show how many seats are used, of how many, and when they run out',
        examples: ['licentia usage show'],
        operations: ['showUsage'],
      },
      async ({ api }) => {
        const found = await valueOf(api.GET('/api/licensing/usage'));
        const { pools, roles, devices, window, policy, warning, forecast } = found;
        const rows: Cell[][] = [
          ['licensed', found.licensed],
          ['used', found.used],
          ['limit', found.limit],
          ['remaining', found.remaining],
          ['overage', found.overage],
          ['percent', found.percent],
          ['admins', roles.admin],
          ['editors', roles.editor],
          ['viewers', roles.viewer],
          ['devices', devices.active],
          ['counted since', window.since],
          ['policy', policy.mode],
          ['warning', warning.level === null ? null : `${warning.level} % of the ${warning.of}`],
          ['forecast', forecast === null ? null : inWords(forecast)],
          ['measured', time(found.measuredAt)],
        ];
        return {
          json: found,
          sections: [
            { name: 'usage', rows },
            {
              name: 'pool',
              head: ['pool', 'used', 'limit', 'remaining', 'percent'],
              rows: pools.map((pool) => [pool.name, pool.used, pool.limit, pool.remaining, pool.percent]),
            },
          ],
        };
      },
    )
    .calls(
      'stats',
      {
        summary: 'show the counts of active users, as Grafana has them',
        examples: ['licentia usage stats'],
        operations: ['refreshStats'],
      },
      async ({ api }) => {
        const stats = await valueOf(api.GET('/api/licensing/refresh-stats'));
        return { json: stats, sections: [{ rows: Object.entries(stats) }] };
      },
    )
    .calls<Span>(
      'history',
      {
        summary: 'show the closed days of the ledger; on a terminal as a chart of the seats',
        options: DAYS,
        examples: ['licentia usage history', 'licentia usage history --from 2026-11-01 --to 2026-11-27'],
        operations: ['showUsageHistory'],
      },
      async ({ api, options }) => {
        const history = await valueOf(
          api.GET('/api/licensing/usage/history', { params: { query: spanOf(options) } }),
        );
        return {
          json: history,
          picture: (canvas) => seatsPicture(history.days, canvas),
          sections: [
            {
              head: ['day', 'licensed', 'used', 'limit', 'peak', 'refused', 'observed'],
              rows: history.days.map((one) => [
                ...[one.day, one.licensed, one.used, one.limit, one.peak, one.denials, one.observed],
              ]),
            },
          ],
        };
      },
    )
    .calls<Span & { csv?: true }>(
      'ledger',
      {
        summary: 'export the closed days with their chain of hashes, as JSON lines',
        options: [...DAYS, ['--csv', 'as CSV']],
        examples: ['licentia usage ledger > ledger.jsonl', 'licentia usage ledger --csv --from 2026-01-01'],
        operations: ['exportLedger'],
        json: 'the export as a JSON text',
      },
      async ({ api, options }) => {
        const text = await valueOf(
          api.GET('/api/licensing/usage/ledger', {
            params: { query: spanOf(options) },
            headers: { Accept: options.csv ? 'text/csv' : 'application/jsonl' },
            parseAs: 'text',
          }),
        );
        return { json: text, sections: [{ text, rows: [] }] };
      },
    );
}

function spanOf({ from, to }: Span): Span {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** When the seats run out, and between which days that is. */
function inWords({
  date,
  earliest,
  latest,
}: Record<'date' | 'earliest', string> & { latest: string | null }): string {
  return latest === null ? `${date} (not before ${earliest})` : `${date} (${earliest} to ${latest})`;
}
