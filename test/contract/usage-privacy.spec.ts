import { readFileSync } from 'node:fs';
import { getMetadataArgsStorage } from 'typeorm';
import type { JsonObject } from '../../src/domain/token/strict-json.js';
import { readIssuerReport, writeIssuerReport } from '../../src/domain/usage/issuer-report.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';

const PRIVACY = readFileSync('docs/usage.md', 'utf8').split('## You answer for privacy')[1] as string;

/** How the page calls a column; undefined for one that names its row alone. */
const WORDS: Record<string, Record<string, RegExp | undefined>> = {
  usage_subject: {
    subject: /hash/,
    role: /\brole\b/,
    first_day: /first and last day/,
    last_day: /first and last day/,
    role_at: /when the role was reported/,
    freed_at: /when a seat was freed/,
  },
  usage_denial: {
    day: /\bday\b/,
    subject: /hash/,
    role: /\brole\b/,
    reason: /reason/,
    times: /how often/,
    last_at: /when last/,
    used: /count and limit of that moment/,
    seats: /count and limit of that moment/,
  },
  usage_session: {
    session: /the name of a session/,
    subject: /hash/,
    started_at: /when it began/,
    last_at: /heard of last/,
  },
  usage_deletion: { subject: /hash of a person/, until: /up to which moment/ },
  usage_count: { day: /numbers/, role: /numbers/, shard: undefined, subjects: /numbers/ },
  usage_day: { day: /numbers/, content: /numbers, and the terms of the license/, hash: /numbers/ },
  usage_open_day: { day: /numbers/, peak: /numbers/, late: /numbers/, terms: /the terms of the license/ },
  usage_state: {
    id: undefined,
    hash_key: /the key of the hashes/,
    started_day: /the first day of the ledger/,
    reported_lid: /the license and the last day that the issuer took/,
    reported_day: /the license and the last day that the issuer took/,
  },
};

describe('The page about privacy', () => {
  const { tables, columns } = getMetadataArgsStorage();
  const entities = SERVICE_SCHEMA.entities.flatMap((target) => {
    const name = tables.find((table) => table.target === target)?.name ?? '';
    return name.startsWith('usage_') ? [[name, target] as const] : [];
  });

  it('names every table of usage', () => {
    expect(entities.map(([name]) => name).sort()).toEqual(Object.keys(WORDS).sort());
  });

  it.each(entities)('has a word for every column of %s', (name, target) => {
    const stored = columns
      .filter((column) => column.target === target)
      .map(({ options, propertyName }) => options.name ?? propertyName);
    expect(stored.sort()).toEqual(Object.keys(WORDS[name] ?? {}).sort());
    const row =
      PRIVACY.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${name}\``)) ?? '';
    for (const word of Object.values(WORDS[name] ?? {})) if (word !== undefined) expect(row).toMatch(word);
  });

  it('shows the report to the issuer, whole', () => {
    const [, shown = ''] = /```json\n([^]*?)```/.exec(PRIVACY) ?? [];
    const report = JSON.parse(shown) as JsonObject;
    const read = readIssuerReport(report);
    expect(read).toBeDefined();
    if (read !== undefined) expect(writeIssuerReport(read)).toEqual(report);
  });
});
