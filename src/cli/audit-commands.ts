import { moment } from './arguments.js';
import { type LicentiaCommand, valueOf } from './licentia-command.js';
import { allPages, PAGE_OPTIONS, type PageOptions } from './pages.js';
import { time } from './report.js';

interface Filter extends PageOptions {
  readonly from?: number;
  readonly to?: number;
  readonly actor?: string;
  readonly action?: string;
  readonly target?: string;
}

/** Who changed what, and what was refused. */
export function addAuditCommands(program: LicentiaCommand): void {
  program
    .group('audit', 'who changed what, and what was refused')
    .calls<Filter>(
      'list',
      {
        summary: 'list the changes, the newest first',
        options: [
          ['--from <time>', 'not before this moment', moment],
          ['--to <time>', 'not after this moment', moment],
          ['--actor <name>', 'by this caller: service-account:7'],
          ['--action <name>', 'of this kind; with a dot at its end all that begin so: license.'],
          ['--target <name>', 'of this thing: license:L-2'],
          ...PAGE_OPTIONS,
        ],
        examples: [
          'licentia audit list --action license. --limit 20',
          'licentia audit list --from 2026-11-01 --all',
        ],
        operations: ['listAuditRecords'],
      },
      async ({ api, options }) => {
        const { from, to, actor, action, target } = options;
        const filter = {
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          ...(actor !== undefined && { actor }),
          ...(action !== undefined && { action }),
          ...(target !== undefined && { target }),
        };
        const { pages, rest } = await allPages(options, async (page) =>
          valueOf(api.GET('/api/audit', { params: { query: { ...filter, ...page } } })),
        );
        const records = pages.flatMap((page) => page.records);
        return {
          json: { records, cursor: rest },
          sections: [
            {
              head: ['id', 'at', 'actor', 'client', 'action', 'target', 'request'],
              rows: records.map((one) => [
                ...[one.id, time(one.at), one.actor, one.client, one.action, one.target, one.requestId],
              ]),
            },
          ],
        };
      },
    )
    .calls<PageOptions>(
      'refusals',
      {
        summary: 'list what was refused with 401 and 403, counted by the hour',
        options: PAGE_OPTIONS,
        examples: ['licentia audit refusals'],
        operations: ['listRefusals'],
      },
      async ({ api, options }) => {
        const { pages, rest } = await allPages(options, async (query) =>
          valueOf(api.GET('/api/audit/refusals', { params: { query } })),
        );
        const refusals = pages.flatMap((page) => page.refusals);
        return {
          json: { refusals, cursor: rest },
          sections: [
            {
              head: ['hour', 'code', 'client', 'caller', 'operation', 'times'],
              rows: refusals.map((one) => [
                ...[time(one.hour), one.code, one.client, one.caller, one.operation, one.times],
              ]),
            },
          ],
        };
      },
    )
    .calls<{ after?: string }>(
      'export',
      {
        summary: 'export the log with its chain of hashes, as JSON lines',
        options: [['--after <number>', 'only what follows this line of an export before']],
        examples: [
          'licentia audit export --timeout 10min > audit.jsonl',
          'licentia audit export --after 1001 >> audit.jsonl',
        ],
        operations: ['exportAuditLog'],
        json: 'the export as a JSON text',
      },
      async ({ api, options: { after } }) => {
        const text = await valueOf(
          api.GET('/api/audit/export', {
            params: { query: after === undefined ? {} : { after } },
            parseAs: 'text',
          }),
        );
        return { json: text, sections: [{ text, rows: [] }] };
      },
    )
    .calls(
      'seal',
      {
        summary: 'show the last seal of the chain',
        examples: ['licentia audit seal'],
        operations: ['showAuditSeal'],
      },
      async ({ api }) => {
        const seal = await valueOf(api.GET('/api/audit/seal'));
        const { number, at, hash, key } = seal;
        return {
          json: seal,
          sections: [
            {
              rows: [
                ['number', number],
                ['at', time(at)],
                ['hash', hash],
                ['key', key],
              ],
            },
          ],
        };
      },
    );
}
