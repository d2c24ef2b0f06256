import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { markdown, type Table } from './figures.js';

/** What one section measured, and where. */
export interface Results {
  readonly date: string;
  readonly node: string;
  readonly commit: string;
  readonly machine: string;
  readonly database: string;
  /** The machine's load of a minute when the section began. */
  readonly load: string;
  readonly command: string;
  readonly tables: readonly Table[];
}

/** By section. */
export type ResultsOfNode = Readonly<Record<string, Results>>;

const DIRECTORY = fileURLToPath(new URL('results', import.meta.url));
const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
/** The section of a page that a section of the bench fills. */
const BLOCK = /(<!-- bench (\w+) -->\n)[^]*?(<!-- end -->)/g;

/** Keeps what a section measured in a file of Node's major version, and writes it into docs/performance.md. */
export function saveResults(section: string, results: Results): void {
  mkdirSync(DIRECTORY, { recursive: true });
  const file = join(DIRECTORY, `node-${parseInt(results.node.slice(1))}.json`);
  const others = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ResultsOfNode) : {};
  writeFileSync(file, `${JSON.stringify({ ...others, [section]: results }, undefined, 2)}\n`);
  writeFileSync(PAGE, withResults(readFileSync(PAGE, 'utf8'), loadResults()));
}

/** What is kept, of the oldest Node first. */
export function loadResults(): ResultsOfNode[] {
  const files = existsSync(DIRECTORY) ? readdirSync(DIRECTORY).sort() : [];
  return files.map((file) => JSON.parse(readFileSync(join(DIRECTORY, file), 'utf8')) as ResultsOfNode);
}

/** A page whose blocks say what was measured. */
export function withResults(page: string, all: readonly ResultsOfNode[]): string {
  return page.replace(BLOCK, (_block, begin: string, section: string, end: string) => {
    const texts = all.flatMap((results) => results[section] ?? []).map(text);
    return `${begin}${texts.length === 0 ? 'Not measured yet.' : texts.join('\n\n')}\n${end}`;
  });
}

function text({ date, node, commit, machine, database, load, command, tables }: Results): string {
  const about = `**Node ${node.slice(1)}**, ${date}, ${machine}, ${database}, load ${load}, commit ${commit}: \`${command}\``;
  return [about, ...tables.map(markdown)].join('\n\n');
}
