import type { ComponentChildren } from 'preact';
import { TEXTS } from '../texts.js';

export interface FactsTableProps {
  /** Of the picture that shows the same. */
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ComponentChildren[])[];
}

/** The facts of a picture, for screen readers and for copying. */
export function FactsTable({ title, columns, rows }: FactsTableProps) {
  return (
    <details class="facts-table">
      <summary>{TEXTS.table(title)}</summary>
      <Table columns={columns} rows={rows} caption={title} />
    </details>
  );
}

/**
 * A table that scrolls by itself where it is wider than the page. On a phone its rows are blocks of names and values:
 * the roles keep it a table for screen readers then.
 */
export function Table({
  columns,
  rows,
  caption,
}: Pick<FactsTableProps, 'columns' | 'rows'> & { readonly caption: string }) {
  return (
    <div class="table" role="region" aria-label={caption} tabIndex={0}>
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column} scope="col" role="columnheader">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map(([first, ...others], index) => (
            <tr key={index} role="row">
              <th scope="row" role="rowheader">
                {first}
              </th>
              {others.map((cell, place) => (
                <td key={place} role="cell" data-name={columns[place + 1]}>
                  <div>{cell}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
