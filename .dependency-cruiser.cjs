/**
 * Who may import whom: strictly downward. `allowed` names all that a folder may reach; what is not here is refused.
 * docs/decisions/0002-layers.md says why.
 */
const LAYERS = {
  domain: [],
  config: ['domain'],
  metrics: ['config'],
  output: [],
  http: ['domain', 'config', 'metrics', 'output'],
  database: ['config', 'domain'],
  audit: ['clock', 'config', 'database', 'domain', 'http'],
  clock: ['config', 'database', 'domain', 'metrics'],
  snapshot: ['config', 'database', 'domain', 'metrics'],
  access: ['domain', 'config', 'http', 'metrics', 'snapshot'],
  accounts: ['access', 'audit', 'config', 'database', 'domain', 'http', 'snapshot'],
  issuer: ['clock', 'config', 'database', 'domain', 'metrics'],
  licensing: [
    'access',
    'audit',
    'clock',
    'config',
    'database',
    'domain',
    'http',
    'issuer',
    'metrics',
    'snapshot',
  ],
  usage: ['access', 'audit', 'clock', 'config', 'database', 'domain', 'http', 'metrics', 'snapshot'],
  ui: ['access', 'accounts', 'audit', 'clock', 'config', 'database', 'domain', 'http', 'snapshot'],
  health: ['config', 'database', 'domain', 'http', 'metrics', 'snapshot'],
  'issuer-server': [
    'audit',
    'clock',
    'config',
    'database',
    'domain',
    'http',
    'metrics',
    'output',
    'end-process',
    'hangups',
    'run-process',
  ],
  // It looks at all that the service needs with the service's own classes, so it stands above them as the service does.
  doctor: [
    'app.module',
    'clock',
    'config',
    'database',
    'domain',
    'issuer',
    'licensing',
    'service-program',
    'snapshot',
    'start-failure',
  ],
  // The command. It starts the service and the issuer, and otherwise calls them over HTTP as any other client.
  cli: [
    'access/roles',
    'access/service-account-token',
    'command-signals',
    'config/administrators-setting',
    'config/build-info',
    'config/issuer-server-config',
    'config/misspelled-names',
    'config/named-file',
    'config/new-file',
    'config/read-files-ahead',
    'config/service-config',
    'doctor',
    'domain',
    'end-process',
    'hangups',
    'issuer-server',
    'output',
    'run-process',
    'service-program',
    'start-failure',
  ],
};

/** The rooms of the licensing module. Its controllers, service and module stand above them. */
const LICENSING_ROOMS = {
  license: [],
  encryption: ['license'],
  terms: ['license'],
  sources: ['license'],
  explain: ['license'],
  install: ['terms', 'license'],
  history: ['terms', 'license'],
  renewal: ['terms', 'license'],
};

const roomRules = Object.entries(LICENSING_ROOMS).map(([room, reach]) => ({
  name: `what-licensing-${room}-may-import`,
  severity: 'error',
  from: { path: `^src/licensing/${room}/` },
  to: {
    path: '^src/licensing/',
    pathNot: [room, ...reach].map((name) => `^src/licensing/${name}/`),
  },
}));

const layerRules = Object.entries(LAYERS).map(([folder, reach]) => ({
  name: `what-${folder}-may-import`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [`^src/${folder}/`, ...reach.map((name) => `^src/${name}(/|\\.ts$)`)],
  },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    ...roomRules,
    {
      name: 'the-client-stands-alone',
      comment: 'clients/typescript is a package of its own: it knows nothing of the service.',
      severity: 'error',
      from: { path: '^clients/' },
      to: { path: '^(src|test|scripts|web)/' },
    },
    {
      name: 'the-page-calls-the-client-alone',
      comment: 'web is a program of the browser: it reaches the service by HTTP, through the typed client.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(src|test|scripts)/' },
    },
    {
      name: 'nothing-imports-the-page',
      severity: 'error',
      from: { path: '^(src|clients)/' },
      to: { path: '^web/' },
    },
    {
      name: 'the-pure-parts-of-the-page-draw-nothing',
      comment:
        'Scales, positions and wording are functions of their arguments, so tables of tests cover them.',
      severity: 'error',
      from: { path: '^web/src/', pathNot: '(\\.tsx|/(polling|reader|use-[a-z-]+)\\.ts)$' },
      to: { path: '(^web/src/.*\\.tsx$|node_modules/preact/)' },
    },
    {
      name: 'only-the-command-calls-over-http',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^clients/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-tests-in-the-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'the-service-cannot-sign',
      comment: 'Code that signs licenses belongs to the issuer; the service has no way to it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(issuer-server/|cli/|quickstart)' },
      to: { path: '^src/issuer-server/' },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'entities-are-leaves',
      severity: 'error',
      from: { path: '\\.entity\\.ts$' },
      to: { path: '^src/', pathNot: ['\\.entity\\.ts$', 'integer-column\\.ts$', '^src/domain/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
