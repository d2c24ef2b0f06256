import { join } from 'node:path';
import type { PostgresServer } from '../test/support/postgres-server.js';
import type { Figures, Table } from './figures.js';

/** What the sections of the bench share: how long they measure, where databases come from, and where results go. */
export class Bench {
  readonly tables: Table[] = [];
  #databases = 0;

  /**
   * @param rounds - how often each thing is measured, in turn with the others of its table
   * @param seconds - how long a measurement lasts
   * @param directory - for embedded databases and other files
   * @param postgres - a server of the bench's own; undefined where none is installed
   */
  constructor(
    readonly rounds: number,
    readonly seconds: number,
    readonly directory: string,
    readonly postgres: PostgresServer | undefined,
  ) {}

  /** Begins a table. @returns adds a row to it, and prints it */
  table(title: string): (name: string, figures: Figures) => void {
    const rows: { name: string; figures: Figures }[] = [];
    this.tables.push({ title, rows });
    console.log(`\n${title}`);
    return (name, figures) => {
      rows.push({ name, figures });
      const said = Object.entries(figures).map(([column, value]) => `${column} ${value}`);
      console.log(`  ${name}: ${said.join(', ')}`);
    };
  }

  /** The address of a new, empty database of PostgreSQL; of an embedded one where there is no server. */
  async database(): Promise<string> {
    if (this.postgres === undefined) return this.embedded();
    const name = `bench_${(this.#databases += 1)}`;
    await this.postgres.query(`CREATE DATABASE ${name}`);
    return this.postgres.url.replace(/postgres$/, name);
  }

  /** The address of a new embedded database. */
  embedded(): string {
    return `pglite://${join(this.directory, `database-${(this.#databases += 1)}`)}`;
  }

  /** What {@link database} gives, for people. */
  get databaseName(): string {
    return this.postgres === undefined ? 'embedded' : 'PostgreSQL';
  }
}
