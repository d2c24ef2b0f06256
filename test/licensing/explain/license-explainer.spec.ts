import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LicenseExplainer } from '../../../src/licensing/explain/license-explainer.js';
import { LicenseStatus } from '../../../src/domain/license/license.js';
import { LicenseInstaller } from '../../../src/licensing/install/license-installer.js';
import type {
  ExplainedSource,
  ExplanationResponse,
} from '../../../src/licensing/explain/explanation.response.js';
import { LicenseReader } from '../../../src/licensing/license/license-reader.js';
import { LicenseRevoker } from '../../../src/licensing/renewal/license-revoker.js';
import { LicenseSources } from '../../../src/licensing/sources/license-sources.js';
import { ACTOR, type LicensingStage, shareLicensingStage } from '../../support/licensing-stage.js';
import { createKey, DAY, newLid } from '../../support/tokens.js';

const RULES = ['signature', 'iss', 'sub', 'nbf', 'iat', 'lexp', 'exp', 'revocation', 'prod'];
const LATEST = 253_402_300_799;

describe('LicenseExplainer', () => {
  let stage: LicensingStage;
  let directory: string;
  let path: string;
  shareLicensingStage((shared) => (stage = shared));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-explain-'));
    path = join(directory, 'license.jwt');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const hold = (second?: number) => stage.hold(second);
  const explained = (at?: number) => stage.get(LicenseExplainer).explain(at);
  const timeline = () => stage.get(LicenseExplainer).timeline();
  const put = async (content: string) => {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  };
  const revoke = (lid: string, iat: number) =>
    stage
      .get(LicenseRevoker)
      .revoke(ACTOR, { iss: stage.issuer.url, lid, iat }, stage.issuer.statement({ lid, iat }));
  const sourceOf = ({ sources }: ExplanationResponse, name: string): ExplainedSource => {
    const row = sources.find(({ source }) => source === name);
    if (row === undefined) throw new Error(`there is nothing about the source ${name}`);
    return row;
  };
  const verdictsOf = ({ rules }: ExplainedSource) =>
    Object.fromEntries(rules.map(({ rule, verdict }) => [rule, verdict]));
  const passedUntil = (failing: string, verdict = 'failed') =>
    Object.fromEntries(
      RULES.map((rule, index) => {
        const at = RULES.indexOf(failing);
        return [rule, index < at ? 'passed' : index === at ? verdict : 'not-reached'];
      }),
    );

  it('says of no license that there is none, and that time will bring none', async () => {
    const now = hold();
    const body = explained();
    expect(body).toMatchObject({
      at: now,
      answer: false,
      status: 4,
      code: null,
      reason: 'There is no license.',
      decidedBy: null,
      warnings: [],
      renewalDue: false,
      nextChange: null,
    });
    for (const { state, rules } of body.sources) expect([state, rules]).toEqual(['absent', []]);
    expect(body.sources.map(({ source }) => source)).toEqual(
      expect.arrayContaining(['database', 'file', 'text']),
    );
    expect(timeline()).toMatchObject({
      at: now,
      answer: false,
      status: 4,
      sources: [],
      transitions: [],
    });
  });

  it('of a valid license names the key, every rule with what was compared, and its end', async () => {
    const now = hold();
    const claims = { lid: newLid(), iat: now - 60, nbf: now - 120, exp: now + 9 * DAY, lexp: now + 20 * DAY };
    await stage.install({ ...claims, jti: 'mine' });
    const body = explained();
    expect(body).toMatchObject({
      at: now,
      answer: true,
      status: 1,
      code: null,
      reason: 'The license is valid.',
    });
    expect(body.decidedBy).toEqual({ source: 'database', lid: claims.lid, jti: 'mine' });
    const row = sourceOf(body, 'database');
    const { kid, alg } = stage.issuer.key;
    expect(row).toMatchObject({ state: 'used', code: null, reason: null, ...claims, jti: 'mine', kid, alg });
    expect([row.iss, row.sub, row.revokedAt]).toEqual([stage.issuer.url, 'http://localhost:3000/', null]);
    expect(row.rules.map(({ rule, verdict }) => [rule, verdict])).toEqual(
      RULES.map((rule) => [rule, 'passed']),
    );
    expect(row.rules.map(({ value, against }) => [value, against])).toEqual([
      [null, null],
      [stage.issuer.url, stage.issuer.url],
      ['http://localhost:3000/', 'http://localhost:3000/'],
      [claims.nbf, now + 10],
      [claims.iat, now + 10],
      [claims.lexp, now],
      [claims.exp, now],
      [claims.iat, null],
      [['grafana-enterprise'], ['grafana-enterprise']],
    ]);
    expect(body.nextChange).toEqual({
      at: claims.exp,
      answer: false,
      status: 5,
      code: 'license.expired',
      reason: 'The license token has expired: its "exp" has passed.',
      decidedBy: body.decidedBy,
    });
  });

  it('names the winner before the losers, and the one that takes over when it ends', async () => {
    const now = hold();
    await stage.install({ lid: 'stored', jti: '1', iat: now - 100, exp: now + 9 * DAY });
    await put(stage.issuer.token({ lid: 'of the file', jti: '2', iat: now - 50, exp: now + DAY }));
    const foreign = { lid: 'of the text', iat: now - 20, sub: 'https://other.example.com/' };
    await stage.restart({ LICENSE_PATH: path, LICENSE_TEXT: stage.issuer.token(foreign) });
    hold(now);
    const body = explained();
    expect(body.sources.map(({ source, state, code }) => [source, state, code])).toEqual([
      ['file', 'used', null],
      ['database', 'stale', null],
      ['text', 'invalid', 'license.subject-mismatch'],
      ...body.sources.slice(3).map(({ source }) => [source, 'absent', null]),
    ]);
    expect(body.decidedBy).toEqual({ source: 'file', lid: 'of the file', jti: '2' });
    expect(verdictsOf(sourceOf(body, 'text'))).toEqual(passedUntil('sub'));
    expect(new Set(Object.values(verdictsOf(sourceOf(body, 'database'))))).toEqual(new Set(['passed']));
    // The file's end changes who decides, not the answer: that stays until the stored one ends too.
    expect(body.nextChange).toMatchObject({ at: now + 9 * DAY, answer: false });
    const { transitions } = timeline();
    const takeover = transitions.find(({ at }) => at === now + DAY);
    expect(takeover).toMatchObject({
      answer: true,
      decidedBy: { source: 'database', lid: 'stored', jti: '1' },
    });
    expect(takeover?.changes).toEqual(expect.arrayContaining(['decidedBy', 'sources']));
    expect(takeover?.changes).not.toContain('answer');
  });

  it('says of what does not verify which rule failed, and of what is not even there nothing', async () => {
    hold();
    await put(stage.issuer.token({}, createKey('ES256', 'nobody knows')));
    await stage.restart({ LICENSE_PATH: path });
    const body = explained();
    expect(body).toMatchObject({ answer: false, status: 3, code: 'license.untrusted', decidedBy: null });
    const row = sourceOf(body, 'file');
    expect(row).toMatchObject({
      state: 'broken',
      code: 'license.untrusted',
      kid: null,
      lid: null,
      iat: null,
    });
    expect(verdictsOf(row)).toEqual(passedUntil('signature'));
    expect(row.rules[0]?.sentence).toBe(row.reason);
    expect(body.reason).toBe(row.reason);
    await rm(path);
    await stage.get(LicenseSources).lookNow();
    expect(explained().status).toBe(LicenseStatus.NotFound);
    expect(sourceOf(explained(), 'file')).toMatchObject({
      state: 'broken',
      code: 'unreadable',
      rules: [],
    });
  });

  it('says of a revoked license when it was revoked, and that time will not mend it', async () => {
    const lid = newLid();
    const revokedAt = stage.now - 5;
    await stage.install({ lid, iat: revokedAt - 100 });
    await revoke(lid, revokedAt);
    const body = explained();
    expect(body).toMatchObject({
      ...{ answer: false, status: 3, code: 'license.invalid', nextChange: null },
      reason: 'The license was revoked by its issuer.',
    });
    const row = sourceOf(body, 'database');
    expect(row).toMatchObject({ state: 'invalid', revokedAt });
    expect(verdictsOf(row)).toEqual(passedUntil('revocation'));
    expect(row.rules[7]).toMatchObject({ value: revokedAt - 100, against: revokedAt });
  });

  it('of any moment is what the check answers when that moment comes', async () => {
    const now = hold();
    const exp = now + 2 * DAY;
    await stage.install({ lid: newLid(), iat: now - 100, exp, lexp: now + 3 * DAY, tok_exp_warn_days: 1 });
    await put(stage.issuer.token({ lid: newLid(), iat: now - 50, nbf: now + 4 * DAY, exp: now + 5 * DAY }));
    await stage.restart({ LICENSE_PATH: path });
    hold(now);
    const edges = [exp, exp - DAY, now + 3 * DAY, now + 4 * DAY - 10, now + 4 * DAY, now + 5 * DAY];
    const moments = [now, ...edges.flatMap((edge) => [edge - 1, edge, edge + 1]), now + 9 * DAY].sort(
      (a, b) => a - b,
    );
    const foretold = moments.map((moment) => explained(moment));
    const seen = new Set<string>();
    for (const [index, moment] of moments.entries()) {
      hold(moment);
      const told = foretold[index];
      expect([moment - now, told?.answer, told?.status, told?.decidedBy?.lid]).toEqual([
        moment - now,
        stage.state.status === LicenseStatus.Valid,
        stage.state.status,
        stage.state.claims?.lid,
      ]);
      expect(told).toEqual(explained());
      seen.add(`${told?.status} ${told?.answer}`);
    }
    expect([...seen].sort()).toEqual(['1 true', '3 false', '5 false']);
  });

  it('of another moment changes nothing of what is answered now', async () => {
    await stage.install({ lid: newLid() });
    const before = stage.state;
    for (const moment of [1, stage.now - 1000 * DAY, stage.now + 1000 * DAY, LATEST]) {
      const { at, answer, status } = explained(moment);
      expect([at, answer, status === 1]).toEqual([moment, false, false]);
      expect(stage.state.status).toBe(LicenseStatus.Valid);
      timeline();
    }
    expect(stage.state).toEqual(before);
  });

  it('foresees that a license of the next term takes over in the very second of its nbf', async () => {
    const now = hold();
    const nbf = now + 5 * DAY;
    await stage.install({ lid: 'present', iat: now - 50, exp: now + 9 * DAY, lexp: now + 9 * DAY });
    const next = { lid: 'next', iat: now - 500, nbf, exp: now + 30 * DAY, lexp: now + 30 * DAY };
    await stage.install(next, { queue: true });
    const waiting = sourceOf(explained(), 'queue');
    expect(waiting).toMatchObject({ state: 'waiting', code: null, reason: null, lid: 'next', nbf });
    expect(verdictsOf(waiting)).toEqual(passedUntil('nbf'));
    const shortly = explained(nbf - 1);
    expect([shortly.decidedBy?.lid, sourceOf(shortly, 'queue').state]).toEqual(['present', 'waiting']);
    // In its last seconds too the rule that decides has failed: it has no leeway.
    expect(verdictsOf(sourceOf(shortly, 'queue'))).toEqual(passedUntil('nbf'));
    expect(sourceOf(shortly, 'queue').rules[3]).toMatchObject({ value: nbf, against: nbf - 1 });
    const { transitions } = timeline();
    const decisions = transitions
      .filter(({ changes }) => changes.includes('decidedBy') || changes.includes('answer'))
      .map(({ at, answer, decidedBy }) => [at, answer, decidedBy?.source, decidedBy?.lid]);
    expect(decisions).toEqual([
      [nbf, true, 'queue', 'next'],
      [next.exp, false, 'queue', 'next'],
    ]);
    hold(nbf - 1);
    expect(stage.state.claims?.lid).toBe('present');
    hold(nbf);
    expect(stage.state.claims?.lid).toBe('next');
    expect(explained().nextChange).toMatchObject({ at: next.exp, answer: false });
  });

  it('foresees that a waiting license replaces the renewed token of its own for good when that ends', async () => {
    const now = hold();
    const lid = newLid();
    await stage.install({ lid, jti: 'old', iat: now - 100 });
    const waiting = { lid, jti: 'waiting', iat: now - 90, nbf: now + 3, exp: now + 9 * DAY };
    await stage.install(waiting, { queue: true });
    const renewed = { lid, jti: 'renewed', iat: now - 10, exp: now + 5 * DAY };
    await stage.install(renewed);
    const { transitions } = timeline();
    const decisions = transitions
      .filter(({ changes }) => changes.includes('decidedBy') || changes.includes('answer'))
      .map(({ at, answer, decidedBy }) => [at, answer, decidedBy?.source, decidedBy?.jti]);
    expect(decisions).toEqual([
      [renewed.exp, true, 'queue', 'waiting'],
      [waiting.exp, false, 'queue', 'waiting'],
    ]);
  });

  it('says of a waiting license that was revoked that it will never come', async () => {
    const now = hold();
    await stage.install({ lid: 'revoked', iat: now - 50 });
    const next = { lid: 'revoked', jti: 'next', iat: now - 40, nbf: now + DAY, exp: now + 9 * DAY };
    await stage.install(next, { queue: true });
    await revoke('revoked', now);
    const row = sourceOf(explained(now + DAY), 'queue');
    expect(row).toMatchObject({ state: 'invalid', code: 'license.invalid', revokedAt: now });
    expect(verdictsOf(row)).toEqual(passedUntil('revocation'));
    expect(explained().nextChange).toBeNull();
  });

  it('has a timeline that is exactly what a clock meets that goes through two years', async () => {
    const start = hold();
    // Each takes over from another in its turn, with a gap and with nights in which nothing counts.
    const held = [
      { lid: 'stored', iat: start - 300, nbf: start - DAY, exp: start + 40 * DAY, lexp: start + 600 * DAY },
      {
        lid: 'file',
        iat: start - 200,
        nbf: start + 30 * DAY,
        exp: start + 35 * DAY,
        lexp: start + 400 * DAY,
      },
      {
        lid: 'text',
        iat: start - 100,
        nbf: start + 60 * DAY,
        exp: start + 700 * DAY,
        lexp: start + 650 * DAY + 7,
      },
    ].map((claims, index) => ({
      ...claims,
      ...{
        jti: claims.lid,
        tok_exp_warn_days: 2 + index,
        lic_exp_warn_days: 30 + index,
        update_days: 5 + index,
      },
    }));
    const [stored, file, text] = held.map((claims) => stage.issuer.token(claims));
    await stage.get(LicenseInstaller).install(ACTOR, stored ?? '', { queue: false, acknowledge: false });
    await put(file ?? '');
    await stage.restart({ LICENSE_PATH: path, LICENSE_TEXT: text });
    hold(start);
    const told = timeline();
    expect(told.at).toBe(start);

    const [reader, sources] = [stage.get(LicenseReader), stage.get(LicenseSources)];
    /** What those say who answer the check, the token and the metrics. */
    const met = () => {
      const { status, claims } = reader.current();
      const rows = sources
        .reports()
        .map(({ source, state, code, reason }) => [source, state, code ?? null, reason ?? null]);
      return JSON.stringify([status, claims?.jti, rows]);
    };
    const grid = Array.from({ length: 2 * 365 * 4 }, (_, step) => start + (step * DAY) / 4);
    const edges = held.flatMap(({ iat, nbf, exp, lexp, tok_exp_warn_days, lic_exp_warn_days }) => [
      ...[iat, nbf, exp, lexp],
      ...[exp - tok_exp_warn_days * DAY, lexp - lic_exp_warn_days * DAY],
    ]);
    const seconds = edges.flatMap((edge) => Array.from({ length: 31 }, (_, step) => edge - 15 + step));
    const steps = [...new Set([...grid, ...seconds])]
      .filter((second) => second >= start)
      .sort((a, b) => a - b);
    const changes: [at: number, what: string][] = [];
    let before = met();
    let last = start;
    for (const second of steps.slice(1)) {
      hold(second);
      const now = met();
      if (now !== before) {
        // Else it changed at an unknown second in between, where nothing should.
        expect(last).toBe(second - 1);
        changes.push([second, now]);
      }
      [before, last] = [now, second];
    }
    const isMet = ({ changes: names }: { readonly changes: readonly string[] }) =>
      ['answer', 'status', 'decidedBy', 'sources'].some((name) => names.includes(name));
    const expected = told.transitions
      .filter(isMet)
      .map(({ at, status, decidedBy, sources: rows }) => [
        at,
        JSON.stringify([
          status,
          decidedBy?.jti,
          rows.map(({ source, state, code, reason }) => [source, state, code, reason]),
        ]),
      ]);
    expect(changes).toEqual(expected);
    expect(changes.length).toBeGreaterThan(6);
    expect(new Set(told.transitions.map(({ answer }) => answer)).size).toBe(2);

    // What is not met by the check is told as its claims say.
    const warned = told.transitions.filter(({ changes: names }) => names.includes('warnings'));
    const [one, two, three] = held;
    expect(warned.map(({ at, warnings }) => [at, warnings.join()])).toEqual([
      [(two?.exp ?? 0) - 3 * DAY, 'token-ends-soon'],
      [two?.exp, ''],
      [(one?.exp ?? 0) - 2 * DAY, 'token-ends-soon'],
      [one?.exp, ''],
      [(three?.lexp ?? 0) - 32 * DAY, 'license-ends-soon'],
      [three?.lexp, ''],
    ]);
  });
});
