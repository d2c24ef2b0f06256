import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ServiceProcess } from '../support/service-process.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** An example as a process of its own. */
export class Product {
  #output = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => (this.#output += bytes.toString()));
    }
  }

  static async start(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<Product> {
    const env = { PATH: process.env.PATH, PORT: '0', ...environment };
    const product = new Product(spawn(process.execPath, args, { cwd: ROOT, env }));
    while (!product.#output.includes('listening on ')) {
      if (product.child.exitCode !== null) throw new Error(product.#output);
      await pause(25);
    }
    return product;
  }

  get output(): string {
    return this.#output;
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#call(path, { headers });
  }

  async post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const type = { 'Content-Type': 'application/json' };
    return this.#call(path, { method: 'POST', headers: { ...type, ...headers }, body: JSON.stringify(body) });
  }

  async #call(path: string, init: RequestInit): Promise<Answer> {
    const url = /listening on (\S+)/.exec(this.#output)?.[1];
    const response = await fetch(`${url}${path}`, init);
    return { status: response.status, body: await response.json() };
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }
}

export const pause = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A token of a new account. @param roleUid - the role that the account has; none unless given */
export async function productToken(service: ServiceProcess, roleUid?: string): Promise<string> {
  const name = `product ${process.hrtime.bigint()}`;
  const account = await service.call('POST', '/api/serviceaccounts', { name });
  const { id } = JSON.parse(account.text) as { id: number };
  if (roleUid !== undefined) await service.call('POST', `/api/access-control/users/${id}/roles`, { roleUid });
  const token = await service.call('POST', `/api/serviceaccounts/${id}/tokens`, { name: 'example' });
  return (JSON.parse(token.text) as { key: string }).key;
}
