import { once } from 'node:events';
import { chmodSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { commandsOf, nameOf } from '../../src/cli/document.js';
import { createProgram } from '../../src/cli/program.js';
import type { Surroundings } from '../../src/cli/surroundings.js';
import { INSTANCE, ISSUER_ID, TestIssuerServer } from '../issuer-server/test-issuer-server.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../support/database.js';
import { CommandStage, type Ran } from './command-stage.js';

const ADMIN_TOKEN = 'an-admin-token-of-this-test-0123456789';
/** No program listens there. */
const AWAY = 'http://127.0.0.1:2';

/** Every command that an issuer does, with what it needs. */
const CALLS = [
  `issue --sub ${INSTANCE}`,
  'token L-0',
  'list',
  'list --usage',
  'show L-0',
  'history L-0',
  'change L-0 --users 3',
  'suspend L-0',
  'resume L-0',
  'revoke L-0 --yes',
  'prolong L-0 --until 2099-01-01',
  'prolong L-0 --days 3',
  'repair L-0',
  'repair --all',
  'keys list',
  'keys export',
  'keys add',
  'keys activate abcd',
  'keys retire abcd --yes',
  'confirm-clock',
];

describe('licentia issuer, on an issuer that runs,', () => {
  let database: TestDatabase;
  let issuer: TestIssuerServer;
  let stage: CommandStage;

  beforeAll(async () => {
    database = await testDatabase('issuer');
    issuer = await TestIssuerServer.start(database, undefined, { ISSUER_ADMIN_TOKEN: ADMIN_TOKEN });
  });

  beforeEach(() => {
    stage = new CommandStage();
    stage.environment = {
      LICENTIA_ISSUER_URL: issuer.running.url,
      LICENTIA_ISSUER_TOKEN_FILE: stage.file('token', `${ADMIN_TOKEN}\n`),
    };
  });

  afterEach(() => stage.close());

  afterAll(async () => {
    await issuer.stop();
    await database.drop();
  });

  it('issues a license, changes it, suspends, resumes, prolongs and revokes it', async () => {
    const issue = `issuer issue --sub ${INSTANCE} --lid L-1 --company Example --users 5 --product a --product b`;
    const [first] = await expectRuns([[issue, 0, /^ey[\w.-]+\n$/, /^Issued: license L-1 for /]]);
    const [again] = await expectRuns([[issue, 0]]);
    expect(again?.stdout).toBe(first?.stdout);
    await expectRuns([
      [`issuer issue --sub ${INSTANCE} --lid L-1`, 1, '', /already[^]*conflict[^]*issuer show L-1/],
      ['issuer issue', 64, '', /--sub <url>/],
      ['issuer issue --sub x', 64, '', /invalid_terms/],
      [`issuer issue --sub ${INSTANCE} --users many`, 64, '', /--users <n>[^]*must be a whole number from 0/],
      [`issuer issue --sub ${INSTANCE} --quiet`, 64, '', /--quiet prints no result/],
      ['issuer list', 0, /^L-1\tactive\tExample\t\S+\ta, b\t5\t/],
      ['issuer list --usage', 0, /^L-1\tExample\tnothing reported\t/],
      ['issuer show L-1', 0, /^license\tL-1\n[^]*\nusers\t5\n/],
      ['issuer show L-2', 1, '', /license_unknown[^]*issuer list/],
      [`issuer issue --sub ${INSTANCE} --lid ..`, 64, '', /The id of a license/],
      [`issuer issue --sub ${INSTANCE} --lid .`, 64, '', /The id of a license/],
      ['issuer repair ..', 1, '', 'licentia: Nothing has the id "..".\n'],
      ['issuer keys activate .', 1, '', 'licentia: Nothing has the id ".".\n'],
      ['issuer change L-1 --users 8 --no-company', 0, /\ncompany\t-\n[^]*\nusers\t8\n/, /^Changed/],
      ['issuer change L-1 --users 8', 0, /./, /^Nothing to change/],
      ['issuer change L-1', 64, '', /Say what to change/],
      ['issuer suspend L-1 --quiet', 0, '', ''],
      ['issuer token L-1', 1, '', /suspended/],
      ['issuer resume L-1', 0, /\nstatus\tactive\n/, /^Active\.\n$/],
      ['issuer prolong L-1 --until 2099-01-01', 0, /\nends\t2099-01-01T00:00:00Z\n/],
      ['issuer prolong L-1', 64, '', /--days <n>, or until when/],
      ['issuer token L-1', 0, /^ey[\w.-]+\n$/],
      ['issuer repair L-1', 0, /./, /^Nothing to repair\.\n$/],
      ['issuer repair --all', 0, '', 'Repaired: 0.\n'],
      ['issuer repair', 64, '', /--all/],
      ['issuer revoke L-1', 64, '', /L-1 will be revoked[^]*--yes/],
      ['issuer show L-1', 0, /\nstatus\tactive\n/],
      ['issuer revoke L-1 --yes', 0, /\nstatus\trevoked\n/],
      [
        'issuer history L-1',
        0,
        /\tissued\tadmin token from [^]* included_users: 5 -> 8\n[^]*\trevoked\tadmin token from /,
      ],
      [`issuer issue --sub ${INSTANCE} --users many --json`, 64, '', /^{"error":{"message":"option '--users/],
      ['issuer --json', 64, '', /^{"error":{"message":"(Which|unknown)/],
    ]);
  });

  it('says of a license that gets no tokens that this stays so, or refuses', async () => {
    const stays = (what: string, lid = 'L-9') =>
      new RegExp(`${what}[^]* It stays suspended: no renewal .* until "licentia issuer resume ${lid}"\\.\n$`);
    await expectRuns([
      [`issuer issue --sub ${INSTANCE} --lid L-9`, 0],
      ['issuer suspend L-9 --quiet', 0],
      ['issuer prolong L-9 --until 2099-01-01', 0, /\nstatus\tsuspended\n/, stays('^Done: it ends 2099-')],
      ['issuer change L-9 --users 3', 0, /\nusers\t3\n/, stays('^Changed')],
      ['issuer revoke L-9 --yes --quiet', 0],
      ['issuer prolong L-9 --days 3', 1, '', /"L-9" is revoked: "resume" takes that back[^]*conflict/],
      ['issuer prolong L-9 --until 2099-01-01', 1, '', /"L-9" is revoked: "resume" takes that back/],
      ['issuer show L-9', 0, /\nends\t2099-01-01T00:00:00Z\n/],
      ['issuer resume L-9', 0, /\nstatus\tactive\n/, /^Active\.\n$/],
      ['issuer prolong L-9 --until 2099-01-02', 0, /./, /^Done: it ends 2099-01-02T00:00:00Z\.\n$/],
    ]);
  });

  it('rotates the signing key', async () => {
    const [added] = await expectRuns([
      ['issuer keys add --algorithm EdDSA', 0, /^[\w-]+\n$/, /^Published\. It can be activated from /],
    ]);
    const kid = added?.stdout.trim() ?? '';
    const former = (JSON.parse((await stage.run('issuer keys list --json')).stdout) as { kid: string }[])
      .map((key) => key.kid)
      .find((one) => one !== kid);
    await expectRuns([
      [`issuer keys activate -- ${kid}`, 1, '', /can be activated from[^]*keys list/],
      [`issuer keys activate --force -- ${kid}`, 0, new RegExp(`^${kid}\tactive\tEdDSA\t`)],
      [`issuer keys retire --force -- ${former}`, 64, '', /private part destroyed[^]*--yes/],
      [`issuer keys retire --force --yes -- ${former}`, 0, new RegExp(`^${former}\tretired\t`)],
      ['issuer keys activate nothing', 1, '', /key_unknown[^]*keys list/],
      ['issuer keys add --algorithm ROT13', 64, '', /ES256/],
      ['issuer keys add --file /etc/hostname', 64, '', /never over HTTP/],
      ['issuer confirm-clock', 0, /^confirmed\t/],
    ]);
  });

  it('warns of a key that was made by a clock that was ahead, and repairs it', async () => {
    const kid = (await stage.run('issuer keys add')).stdout.trim();
    const ahead = `UPDATE signing_key SET created_at = created_at + interval '6 days' WHERE kid = $1`;
    await issuer.query(ahead, [kid]);
    const warning = `Warning: The signing key ${kid} has times that lie ahead, by up to 6 days:`;
    await expectRuns([
      ['issuer keys list', 0, new RegExp(kid), new RegExp(`^${warning} .*issuer repair --all`)],
      [`issuer keys activate -- ${kid}`, 1, '', /can be activated from[^]*issuer repair --all/],
      ['issuer repair --all', 0, '', 'Repaired: 0. Repaired signing keys: 1.\n'],
      ['issuer repair --all', 0, '', 'Repaired: 0.\n'],
      ['issuer keys list', 0, new RegExp(kid), ''],
    ]);
  });

  it('confirms a clock that was set ahead, but none that a database server contradicts', async () => {
    const right = issuer.clock.now();
    const contradicted = /365 days[^]*\nNext: Compare the clocks[^]*set the wrong one right/;
    issuer.clock.set(right + 365 * 86_400_000);
    try {
      await expectRuns([
        [`issuer issue --sub ${INSTANCE} --lid L-9`, 2, '', contradicted],
        POSTGRES_URL === undefined
          ? ['issuer confirm-clock', 0, /^confirmed\t/, '']
          : ['issuer confirm-clock', 2, '', contradicted],
      ]);
    } finally {
      issuer.clock.set(right);
    }
    await expectRuns([['issuer confirm-clock', 0, /^confirmed\t/]]);
  });

  it('prints the JSON that docs/cli.md describes', async () => {
    const license = expect.objectContaining({ lid: 'L-3', sub: INSTANCE, warning: null }) as unknown;
    const key = expect.objectContaining({ kid: expect.any(String) as unknown, alg: 'ES256' }) as unknown;
    const rows: [line: string, json: unknown][] = [
      [`issue --sub ${INSTANCE} --lid L-3`, { license, token: expect.stringMatching(/^ey/) as unknown }],
      ['token L-3', { license, token: expect.stringMatching(/^ey/) as unknown }],
      ['list', expect.arrayContaining([license])],
      ['list --usage', expect.arrayContaining([expect.objectContaining({ lid: 'L-3', usage: null })])],
      ['show L-3', expect.objectContaining({ lid: 'L-3', usage: null })],
      ['history L-3', expect.arrayContaining([expect.objectContaining({ kind: 'issued' })])],
      ['change L-3 --users 3', { license, changed: true }],
      ['suspend L-3', license],
      ['resume L-3', license],
      ['prolong L-3 --days 3', license],
      ['repair L-3', { license, repaired: false }],
      ['repair --all', []],
      ['revoke L-3 --yes', license],
      ['keys add', key],
      ['keys list', expect.arrayContaining([key])],
      ['keys export', { keys: expect.arrayContaining([key]) as unknown }],
      ['confirm-clock', { confirmed_at: expect.any(Number) as unknown }],
    ];
    for (const [line, json] of rows) {
      const { code, stdout } = await stage.run(`issuer ${line} --json`);
      expect([line, code, JSON.parse(stdout)]).toEqual([line, 0, json]);
    }
    const added = JSON.parse((await stage.run('issuer keys add --json')).stdout) as { kid: string };
    expect((await stage.run('issuer keys export --json')).stdout).toContain(added.kid);
  });

  it('keeps the token of an issuer beside that of a service, for that issuer alone', async () => {
    const file = join(stage.home, '.config/licentia/profiles/default.json');
    stage.environment = {};
    const { url } = issuer.running;
    const profile = { url: 'http://service.example.com', token: 'licsa_of_the_service' };
    await expectRuns([
      [`login --issuer --url ${url} --token-stdin`, 1, '', /refuses the token[^]*Nothing was kept/, 'wrong'],
      [`login --issuer --url ${AWAY} --token-stdin`, 2, '', /client\.unreachable/, ADMIN_TOKEN],
      ['profiles', 0, ''],
      [`login --issuer --url ${url} --token-stdin`, 0, /\npart\tissuer\n/, /./, `${ADMIN_TOKEN}\n`],
      ['issuer keys list', 0],
      ['profiles', 0, `default\t-\t${url}\n`],
      ['check --profile default', 64, '', /has no service[^]*licentia login --profile default/],
      [`issuer keys list --url ${AWAY}`, 2, '', /There is no token for the issuer at /],
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    stage.file('.config/licentia/profiles/default.json', JSON.stringify(profile));
    chmodSync(file, 0o600);
    await expectRuns([
      [`login --issuer --url ${url} --token-stdin`, 0, /./, /./, ADMIN_TOKEN],
      ['profiles', 0, `default\thttp://service.example.com\t${url}\n`],
      ['issuer keys list --profile other', 64, '', /no profile "other"[^]*login --issuer --profile other/],
      ['logout', 0],
      ['profiles', 0, ''],
    ]);
  });

  it('takes a token from standard input, and no other reader beside it', async () => {
    stage.environment = { LICENTIA_ISSUER_URL: issuer.running.url };
    await expectRuns([
      ['issuer keys list', 2, '', /no token for the issuer[^]*licentia login --issuer/],
      ['issuer keys list --token-stdin', 0, /\tactive\t/, '', `${ADMIN_TOKEN}\n`],
      ['issuer keys list --token-stdin', 2, '', /auth\.unauthorized/, 'wrong'],
      ['issuer keys list --token-stdin', 64, '', /token is empty/, 'two words'],
      ['install - --token-stdin', 64, '', /either the token or what "-" reads/, 'x'],
    ]);
  });

  describe('when answers get lost,', () => {
    let lossy: Server;
    let losses: number;

    beforeAll(async () => {
      lossy = createServer((incoming, outgoing) => forward(incoming, outgoing)).listen(0, '127.0.0.1');
      await once(lossy, 'listening');
    });

    beforeEach(() => {
      stage.environment.LICENTIA_ISSUER_URL = `http://127.0.0.1:${(lossy.address() as AddressInfo).port}`;
    });

    afterAll(() => {
      lossy.closeAllConnections();
      lossy.close();
    });

    /** Lets the issuer do what it is asked for, and loses its answer. */
    function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
      const { method, url = '', headers } = incoming;
      const onward = request(new URL(url, issuer.running.url), { method, headers }, (answer) => {
        if (losses > 0) {
          losses -= 1;
          answer.resume().once('end', () => incoming.socket.destroy());
        } else {
          outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
          answer.pipe(outgoing);
        }
      });
      incoming.pipe(onward);
    }

    it('issues once all the same, under an id of its own', async () => {
      const before = await lids();
      losses = 2;
      await expectRuns([[`issuer issue --sub ${INSTANCE} --company Lossy`, 0, /^ey/]]);
      const fresh = (await lids()).filter((lid) => !before.includes(lid));
      expect(fresh).toHaveLength(1);
      const { stdout } = await stage.run(`issuer history ${fresh[0]} --json`);
      const kinds = (JSON.parse(stdout) as { kind: string }[]).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'issued')).toHaveLength(1);
    });

    it('does what would count twice once, and says where to look', async () => {
      await expectRuns([[`issuer issue --sub ${INSTANCE} --lid L-4`, 0]]);
      const before = await endOf('L-4');
      losses = 1;
      await expectRuns([
        ['issuer prolong L-4 --days 3', 2, '', /may have been done[^]*lost-answer[^]*issuer show L-4/],
      ]);
      expect((await endOf('L-4')) - before).toBe(3 * 86_400);
      losses = 1;
      await expectRuns([['issuer keys add', 2, '', /lost-answer[^]*keys list/]]);
    });

    async function lids(): Promise<string[]> {
      const { stdout } = await stage.run('issuer list --json');
      return (JSON.parse(stdout) as { lid: string }[]).map(({ lid }) => lid);
    }

    async function endOf(lid: string): Promise<number> {
      return (JSON.parse((await stage.run(`issuer show ${lid} --json`)).stdout) as { lexp: number }).lexp;
    }
  });

  describe('and its exit codes', () => {
    let other: Server;
    let answer: readonly [status: number, body: string];

    beforeAll(async () => {
      other = createServer((incoming, outgoing) => {
        incoming.resume();
        outgoing.writeHead(answer[0], { 'Content-Type': 'application/json', Connection: 'close' });
        outgoing.end(answer[1]);
      }).listen(0, '127.0.0.1');
      await once(other, 'listening');
    });

    afterAll(() => other.close());

    it('are looked at for each command of the issuer', () => {
      const names = commandsOf(createProgram({} as Surroundings, () => undefined))
        .map((command) => nameOf(command).replace('licentia ', ''))
        .filter((name) => name.startsWith('issuer '))
        .filter((name) => !['issuer serve', 'issuer change-issuer-id'].includes(name));
      const listed = names.filter((name) => CALLS.some((line) => `issuer ${line} `.startsWith(`${name} `)));
      expect(listed).toEqual(names);
    });

    it.each<[string, readonly [number, string]]>([
      ['a page that is not there', [404, '<html>Not Found</html>']],
      ['a page', [200, '<html>Welcome</html>']],
      ['an empty object', [200, '{}']],
      ['a 404 of an issuer without a token of operators', [404, '{"messageId":"not-found","message":"x"}']],
    ])('are 2 where %s answers', async (_, answered) => {
      answer = answered;
      stage.environment.LICENTIA_ISSUER_URL = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
      for (const line of CALLS)
        await expectRuns([[`issuer ${line}`, 2, '', /client\.bad-answer[^]*\nNext: /]]);
    });

    it('are 2 where an answer has no end', async () => {
      let sent = 0;
      let calls = 0;
      const endless = createServer((incoming, outgoing) => {
        calls += 1;
        outgoing.writeHead(200, { 'Content-Type': 'application/json' });
        const isSlow = incoming.url === '/v1/admin/keys';
        const part = Buffer.alloc(isSlow ? 1 : 1024 * 1024, ' ');
        const send = () => {
          if (outgoing.destroyed) return;
          sent += part.length;
          // An end after all, so that a command that takes everything fails and does not fill the memory.
          if (sent > 300 * 1024 * 1024) outgoing.end();
          else outgoing.write(part, () => (isSlow ? setTimeout(send, 20) : setImmediate(send)));
        };
        outgoing.on('error', () => undefined);
        send();
      }).listen(0, '127.0.0.1');
      await once(endless, 'listening');
      stage.environment.LICENTIA_ISSUER_URL = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`;
      try {
        await expectRuns([
          ['issuer list', 2, '', /The answer is too long\. \(client\.bad-answer\)\nNext: /],
          ['issuer keys list --timeout 1s', 2, '', /client\.lost-answer/],
        ]);
        expect(calls).toBe(2);
        expect(sent).toBeLessThan(200 * 1024 * 1024);
      } finally {
        endless.closeAllConnections();
        endless.close();
      }
    });

    it.each([
      ['no program listens', AWAY, ADMIN_TOKEN, 'client.unreachable'],
      ['the token is wrong', '', 'wrong', 'auth.unauthorized|too-many-requests'],
    ])('are 2 where %s', async (_, url, token, code) => {
      stage.environment = {
        LICENTIA_ISSUER_URL: url || issuer.running.url,
        LICENTIA_ISSUER_TOKEN: token,
      };
      // The others wait for the minute that a client with ten wrong tokens has to.
      for (const line of CALLS.slice(0, 9)) {
        await expectRuns([[`issuer ${line} --json`, 2, '', new RegExp(`^{"error":{"code":"${code}"`)]]);
      }
    });

    it('are 64 for what contradicts itself', async () => {
      await expectRuns([
        ['issuer list --database --token-stdin', 64, '', /--database goes with neither/],
        ['issuer list --url ftp://x', 64, '', /is not an http or https URL/],
        ['issuer frobnicate', 64, '', /unknown command/],
        ['issuer list --frobnicate', 64, '', /unknown option/],
      ]);
    });
  });

  describe('on the database of DATABASE_URL', () => {
    it('says how to call the issuer that has an embedded one', async () => {
      stage.environment = { DATABASE_URL: database.url, ISSUER_ID };
      const ran = await stage.run('issuer list');
      if (database.url.startsWith('postgres')) expect(ran).toMatchObject({ code: 0 });
      else
        expect(ran).toMatchObject({
          code: 2,
          stdout: '',
          stderr: expect.stringMatching(
            /is in use by[^]*ISSUER_ADMIN_TOKEN[^]*licentia login --issuer/,
          ) as unknown,
        });
    });

    it('does the same while no issuer runs, and makes no database to look into', async () => {
      const idle = await testDatabase('issuer');
      try {
        stage.environment = { DATABASE_URL: idle.url, ISSUER_ID };
        await expectRuns([
          [`issuer issue --sub ${INSTANCE} --lid L-1`, 0, /^ey/],
          ['issuer list', 0, /^L-1\tactive\t/],
          ['issuer show L-2', 1, '', /no license "L-2"/],
          [`issuer issue --sub ${INSTANCE} --lid a/b`, 64, '', /The id of a license/],
          ['issuer keys list', 0, /\tactive\tES256\t/],
        ]);
        stage.environment = { DATABASE_URL: `pglite://${stage.home}/nothing`, ISSUER_ID };
        await expectRuns([['issuer list', 2, '', /no database of an issuer at [^]*login --issuer/]]);
        stage.environment = { DATABASE_URL: 'nonsense' };
        await expectRuns([['issuer list', 2, '', /DATABASE_URL/]]);
      } finally {
        await idle.drop();
      }
    });

    it('says which setting looks misspelled, and gives the database another ISSUER_ID', async () => {
      const idle = await testDatabase('issuer');
      try {
        stage.environment = {
          DATABASE_URL: idle.url,
          ISSUER_ID,
          DATABASE_ULR: 'postgres://user:hunter2@h/d',
        };
        const hint = 'DATABASE_ULR is not read. Did you mean DATABASE_URL?\n';
        await expectRuns([
          [`issuer issue --sub ${INSTANCE}`, 0, /^ey/, new RegExp(`^${hint.replaceAll('?', '\\?')}Issued`)],
          ['issuer list --quiet', 0, '', ''],
        ]);
        stage.environment = { DATABASE_URL: idle.url, ISSUER_ID: 'https://other.example.com' };
        await expectRuns([
          ['issuer list', 2, '', /belongs to the issuer [^]*change-issuer-id/],
          ['issuer change-issuer-id --json', 0, /"before": "https:\/\/issuer[^]*"now": "https:\/\/other/, ''],
          ['issuer change-issuer-id', 0, /^before\thttps:\/\/other/, 'Nothing to change.\n'],
          ['issuer keys export', 0, /"kid": /],
        ]);
      } finally {
        await idle.drop();
      }
    });
  });

  async function expectRuns(
    runs: readonly (readonly [
      line: string,
      code: number,
      stdout?: string | RegExp,
      stderr?: string | RegExp,
      input?: string,
    ])[],
  ): Promise<Ran[]> {
    const all = [];
    for (const [line, code, stdout = /^/, stderr = /^/, input] of runs) {
      const ran = await stage.run(line, input);
      expect({ line, ...ran }).toEqual({ line, code, stdout: matching(stdout), stderr: matching(stderr) });
      all.push(ran);
    }
    return all;
  }
});

function matching(text: string | RegExp): unknown {
  return typeof text === 'string' ? text : expect.stringMatching(text);
}
