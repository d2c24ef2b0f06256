import type { IssuerAdministration } from '../../issuer-server/administration/issuer-administration.js';
import type { LicentiaCommand, Manual, Work } from '../licentia-command.js';
import { Patience } from '../patience.js';
import type { Report } from '../report.js';
import { findIssuer, ISSUER_CONNECTION, type IssuerOptions } from './issuer-connection.js';
import { type LocalWork, withLocalIssuer } from './local-issuer.js';

const USUAL_TIMEOUT = 60;

/** What a command of the issuer works with: one that runs, or its database. */
export interface IssuerWork<Options> extends Work<Options & IssuerOptions> {
  readonly issuer: IssuerAdministration;
}

/** A manual of a command of the issuer, with how it works on a database. */
export interface IssuerManual extends Manual {
  readonly local?: Partial<LocalWork>;
  /** What is asked, read or refused before anything is called. */
  readonly before?: (work: Work<never>, ...args: string[]) => Promise<void>;
}

/** Adds a command that an issuer does: the running one over HTTP, or this process on its database. */
export function administers<Options extends object>(
  group: LicentiaCommand,
  signature: string,
  { local, before, ...manual }: IssuerManual,
  run: (work: IssuerWork<Options>, ...args: string[]) => Promise<Report>,
): void {
  const options = [...(manual.options ?? []), ...ISSUER_CONNECTION];
  group.does<Options & IssuerOptions>(signature, { ...manual, options }, async (work, ...args) => {
    const { around } = work;
    await before?.(work as unknown as Work<never>, ...args);
    const access = await findIssuer(around, work.options);
    const patience = new Patience(() => {
      if (around.isTerminal.stderr && !work.options.quiet)
        around.say(`Waiting for the ${access === undefined ? "issuer's database" : 'issuer'} …\n`);
    });
    try {
      if (access === undefined) {
        const how = { creates: false, signs: true, isQuiet: work.options.quiet === true, ...local };
        return await patience.while(async () =>
          withLocalIssuer(around, how, async (issuer) => run({ ...work, issuer }, ...args)),
        );
      }
      const [{ IssuerHttp }, { RemoteAdministration }] = await Promise.all([
        import('./issuer-http.js'),
        import('./remote-administration.js'),
      ]);
      const timeoutMs = (work.options.timeout ?? USUAL_TIMEOUT) * 1_000;
      const fetch = async (request: Request) => patience.during(request);
      const issuer = new RemoteAdministration(new IssuerHttp({ ...access, timeoutMs, fetch }));
      return await run({ ...work, issuer }, ...args);
    } finally {
      patience.end();
    }
  });
}
