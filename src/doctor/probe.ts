import { within } from '../clock/within.js';
import { type Area, type Finding, findingsOf } from './finding.js';

/** What is being looked at now, for a person who waits. */
export class Probes {
  readonly #pending = new Set<string>();

  get pending(): readonly string[] {
    return [...this.#pending];
  }

  /**
   * Looks at something that may hang, and names it where it does. The work itself may go on.
   * @param milliseconds - its deadline
   * @returns its lines, and its result where it came to one
   */
  async look<T>(
    area: Area,
    check: string,
    milliseconds: number,
    work: () => Promise<T>,
    failed: (error: unknown) => Finding,
  ): Promise<{ readonly value?: T; readonly faults: readonly Finding[] }> {
    const name = `${area} ${check}`;
    this.#pending.add(name);
    const begun = work();
    begun.catch(() => undefined);
    try {
      let isLate = true;
      const value = await within(
        milliseconds,
        begun.finally(() => (isLate = false)),
      ).catch((error: unknown) => {
        throw isLate ? new LateError() : error;
      });
      return { value, faults: [] };
    } catch (error) {
      if (!(error instanceof LateError)) return { faults: [failed(error)] };
      const message = `It hangs: there was no end of it within ${milliseconds / 1000} s.`;
      const next = `Find out what does not answer: ${HANGS[area]}.`;
      return { faults: [findingsOf(area).fail(check, message, { cause: 'timeout', next })] };
    } finally {
      this.#pending.delete(name);
    }
  }
}

class LateError extends Error {}

const HANGS: Readonly<Record<Area, string>> = {
  configuration: 'the file system of a file that a setting names',
  service: 'the service, or what is in front of it',
  database: 'the server of DATABASE_URL, or the file system of its directory',
  issuer: 'the issuer, its proxy, or the name server',
  license: 'the issuer, or the file system of LICENSE_PATH',
  disk: 'the file system of the directory in DATABASE_URL',
  limits: 'the file system /proc',
};
