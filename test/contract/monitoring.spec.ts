import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ERROR_CATALOGUE } from '../../src/domain/service-error.js';
import { TestIssuerServer } from '../issuer-server/test-issuer-server.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { readLabels, Scrape } from '../support/scrape.js';
import { ServiceProcess } from '../support/service-process.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}

interface RuleTest {
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

const rules = (
  parse(read('deploy/prometheus/licentia.rules.yml')) as { groups: { rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);
const { tests } = parse(read('deploy/prometheus/licentia.rules.test.yml')) as { tests: RuleTest[] };
const recorded = new Scrape(read('deploy/prometheus/recorded.prom'));
const recordedIssuer = new Scrape(read('deploy/prometheus/recorded-issuer.prom'));
const recordedBoth = together(recorded, recordedIssuer);
const dashboard = JSON.parse(read('deploy/grafana/licentia.json')) as {
  readonly templating: { readonly list: { readonly name: string; readonly type: string }[] };
  readonly panels: readonly Panel[];
};
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** What two programs show, as one scrape. */
function together(one: Scrape, other: Scrape): Scrape {
  return new Scrape(`${one.text}\n${other.text}`);
}

/** What of PromQL comes before a brace or a bracket and is no metric. */
function seriesIn(expression: string): { name: string; labels: string[] }[] {
  return [
    ...expression.matchAll(/\b((?:licentia|process|nodejs)_[a-z0-9_]+|up)\b(?!")(?:\{([^}]*)\})?/g),
  ].map(([, name = '', matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
  }));
}

/** Labels that Prometheus adds. */
const ADDED = ['job', 'instance'];

describe('Monitoring', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  let live: Scrape;
  let issuerDatabase: TestDatabase;
  let issuer: TestIssuerServer;
  let liveIssuer: Scrape;
  /** The service and the issuer. */
  let both: Scrape;

  beforeAll(async () => {
    issuerDatabase = await testDatabase('issuer');
    issuer = await TestIssuerServer.start(issuerDatabase);
    liveIssuer = await Scrape.of(issuer.running.url);
    database = await testDatabase();
    service = await ServiceProcess.start({ DATABASE_URL: database.url });
    await service.call('GET', '/api/licensing/check');
    do {
      live = await Scrape.of(service.url);
    } while (!live.text.includes('route="/api/licensing/check"'));
    both = together(live, liveIssuer);
  });

  afterAll(async () => {
    await service.kill('SIGTERM');
    await database.drop();
    await issuer.stop();
    await issuerDatabase.drop();
  });

  const ours = (scrape: Scrape) =>
    [...scrape.types.keys()].filter((name) => name.startsWith('licentia_')).sort();

  /** The metric that a series belongs to: a histogram's has three. */
  const metricOf = (name: string) => (both.types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));

  /** The labels of a metric: those of its samples, and a histogram's own. */
  function labelsOf(metric: string): Set<string> {
    const known = [...both.samples, ...recordedBoth.samples].filter(
      (sample) => metricOf(sample.name) === metric,
    );
    return new Set(known.flatMap((sample) => Object.keys(sample.labels)));
  }

  it('has each metric of ours in docs/metrics.md, with its type, its labels and who shows it, and none besides', () => {
    const rows = [
      ...read('docs/metrics.md').matchAll(/^\| `(licentia_\w+)`(?: ([¹²]))? \| (\w+) \| (.*?) \|/gm),
    ].map(([, name = '', mark, type = '', labels = '']) => ({
      name,
      mark,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
    }));
    const shown = ours(both).map((name) => ({
      name,
      mark: liveIssuer.types.has(name) ? (live.types.has(name) ? '¹' : '²') : undefined,
      type: both.types.get(name),
      labels: [...labelsOf(name)].filter((label) => label !== 'le').sort(),
    }));
    expect(rows.sort((a, b) => a.name.localeCompare(b.name))).toEqual(
      shown.sort((a, b) => a.name.localeCompare(b.name)),
    );
  });

  it('names its metrics as Prometheus asks for', () => {
    for (const name of ours(both)) {
      const type = both.types.get(name);
      expect(name).toMatch(/^licentia(_[a-z]+)+$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  it('shows the figures of the process', () => {
    for (const name of [
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'nodejs_eventloop_lag_p99_seconds',
    ]) {
      expect([name, live.value(name)]).toEqual([name, expect.any(Number)]);
    }
  });

  it('uses in its rules and its dashboard only metrics and labels that the service or the issuer shows', () => {
    const used = [...rules.map(({ expr }) => expr), ...expressions].flatMap(seriesIn);
    expect(used.length).toBeGreaterThan(40);
    for (const { name, labels } of used) {
      if (name === 'up') continue;
      expect([name, both.types.has(metricOf(name))]).toEqual([name, true]);
      for (const label of labels.filter((candidate) => !ADDED.includes(candidate))) {
        expect([name, label, labelsOf(metricOf(name)).has(label)]).toEqual([name, label, true]);
      }
    }
  });

  it('has every metric of ours in a panel of the dashboard', () => {
    const shown = new Set(expressions.flatMap(seriesIn).map(({ name }) => metricOf(name)));
    expect(ours(both).filter((name) => !shown.has(name))).toEqual([]);
  });

  it('has recorded scrapes with the metrics and label values that the service and the issuer show', () => {
    expect(ours(recorded)).toEqual(ours(live));
    expect(ours(recordedIssuer)).toEqual(ours(liveIssuer));
    const bounded = (scrape: Scrape) =>
      scrape.samples
        .filter(({ name }) => scrape.types.get(name) === 'counter' && name.startsWith('licentia_'))
        .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
        .sort();
    expect(bounded(recorded)).toEqual(bounded(live));
    expect(bounded(recordedIssuer)).toEqual(bounded(liveIssuer));
  });

  it('tests its rules with series that were recorded', () => {
    const known = new Set(
      recordedBoth.samples.map(
        ({ name, labels }) => `${name} ${JSON.stringify(Object.entries(labels).sort())}`,
      ),
    );
    for (const { series } of tests.flatMap((test) => test.input_series)) {
      const [, name = '', text = ''] = /^(\w+)\{(.*)\}$/.exec(series) ?? [];
      if (name === 'up') continue;
      const labels = Object.entries(readLabels(text)).filter(([label]) => !ADDED.includes(label));
      // Which routes and statuses a histogram has depends on who called; the rest has to be there as it is.
      const isKnown =
        both.types.get(metricOf(name)) === 'histogram'
          ? labels.every(([label]) => labelsOf(metricOf(name)).has(label))
          : known.has(`${name} ${JSON.stringify(labels.sort())}`);
      expect([series, isKnown]).toEqual([series, true]);
    }
  });

  it('lets each alert fire in one test and keep still in another', () => {
    const outcomes = tests.flatMap((test) => test.alert_rule_test);
    for (const { alert } of rules) {
      const own = outcomes.filter(({ alertname }) => alertname === alert);
      const fires = own.map(({ exp_alerts: expected }) => expected.length > 0);
      expect([alert, fires.includes(true), fires.includes(false)]).toEqual([alert, true, true]);
    }
    const names = rules.map(({ alert }) => alert);
    expect(outcomes.map(({ alertname }) => alertname).filter((name) => !names.includes(name))).toEqual([]);
  });

  it('has a severity, a sentence and a paragraph of docs/operations.md for each alert, and none besides', () => {
    const headings = [...read('docs/operations.md').matchAll(/^### (\w+)\n\n(\w+)\. \S/gm)];
    expect(headings.map(([, name, severity]) => [name, severity])).toEqual(
      rules.map(({ alert, labels }) => [alert, labels.severity]),
    );
    for (const { alert, labels, annotations } of rules) {
      expect(labels.severity).toMatch(/^(critical|warning)$/);
      expect(annotations.summary).not.toBe('');
      expect(annotations.description).toMatch(/\.$/);
      expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    }
  });

  it('counts every code that answers 5xx as an error, and no other', () => {
    const { expr = '' } = rules.find(({ alert }) => alert === 'LicentiaErrorRateHigh') ?? {};
    const [, pattern = ''] = /code=~"([^"]+)"/.exec(expr) ?? [];
    const matched = Object.keys(ERROR_CATALOGUE).filter((code) => new RegExp(`^(?:${pattern})$`).test(code));
    const failing = Object.entries(ERROR_CATALOGUE).filter(([, { status }]) => status >= 500);
    expect(matched.sort()).toEqual(failing.map(([code]) => code).sort());
  });

  it('has a dashboard that can be imported: a data source to choose, and panels that say what they show', () => {
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
    ]);
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { title, description, datasource, fieldConfig, targets = [] } of panels) {
      expect([title, description]).toEqual([title, expect.stringMatching(/\.$/)]);
      expect([title, fieldConfig?.defaults.unit]).toEqual([title, expect.stringMatching(/^\w+$/)]);
      for (const uid of [datasource?.uid, ...targets.map((target) => target.datasource.uid)]) {
        expect([title, uid]).toEqual([title, '${datasource}']);
      }
      expect(targets.length).toBeGreaterThan(0);
    }
  });

  it('has panels that fit the grid and do not lie on each other', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, taken.has(`${x} ${y}`)]).toEqual([title, false]);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });

  it('lets prom-client into one file alone', () => {
    const users = readdirSync(new URL('../../src', import.meta.url), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .filter((path) => /from 'prom-client/.test(read(`src/${path}`)));
    expect(users).toEqual(['metrics/metrics.ts']);
  });
});
