import tseslint from 'typescript-eslint';

/** The clock, the environment and the libraries of one job each stay in the files whose job they are. */
const confined = {
  time: [
    {
      selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
      message: 'Take the time from the Clock.',
    },
    {
      selector: "NewExpression[callee.name='Date'][arguments.length=0]",
      message: 'Take the time from the Clock.',
    },
  ],
  environment: [
    {
      selector: "MemberExpression[object.name='process'][property.name='env']",
      message: 'Configuration is read in run-process.ts and the programs alone.',
    },
  ],
  exit: [
    {
      selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
      message: 'Only end-process.ts ends the process.',
    },
  ],
  // A service takes a transaction's manager only to hand it to a store.
  sql: [
    {
      selector: "MemberExpression[object.name='manager']",
      message: 'SQL belongs into a store.',
    },
    {
      selector: "Identifier[typeAnnotation.typeAnnotation.typeName.name='EntityManager'][name!='manager']",
      message: 'Call it manager: the rule for SQL goes by that name.',
    },
  ],
};

const AXIOS = { name: 'axios', message: 'Only src/issuer calls out.' };
const PROM_CLIENT = { name: 'prom-client', message: 'Count with the Metrics of src/metrics.' };
const TYPEORM = {
  name: 'typeorm',
  allowTypeImports: true,
  message: 'SQL belongs into src/database, src/schema, entities and stores.',
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'node_modules/',
      'data/',
      'coverage/',
      '.tmp*/',
      '.stryker-tmp/',
      '.cache/',
      '**/*.cjs',
      'test/mutation/*',
      'clients/typescript/dist/',
      'clients/typescript/src/schema.ts',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  { files: ['**/*.mjs', '**/*.mts', '**/*.js'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // `async` without `await` turns what is thrown into a rejection, which is what callers of a promise expect.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...confined.time,
        ...confined.environment,
        ...confined.exit,
        ...confined.sql,
      ],
      '@typescript-eslint/no-restricted-imports': ['error', { paths: [AXIOS, TYPEORM, PROM_CLIENT] }],
      'no-console': 'error',
      'max-lines': ['error', 250],
    },
  },
  { files: ['src/domain/clock.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: [
      'src/run-process.ts',
      'src/end-process.ts',
      'src/*-program.ts',
      'src/issuer-server/issuer-program.ts',
      'src/cli/main.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', ...confined.time, ...confined.sql] },
  },
  {
    files: [
      'src/**/*.entity.ts',
      'src/**/*.store.ts',
      'src/database/**/*.ts',
      'src/schema/**/*.ts',
      'src/issuer-server/migrations/*.ts',
    ],
    rules: {
      'no-restricted-syntax': ['error', ...confined.time, ...confined.environment, ...confined.exit],
      '@typescript-eslint/no-restricted-imports': ['error', { paths: [AXIOS, PROM_CLIENT] }],
    },
  },
  {
    files: ['src/issuer/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: [TYPEORM, PROM_CLIENT] }] },
  },
  {
    files: ['src/metrics/metrics.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: [AXIOS, TYPEORM] }] },
  },
  { files: ['src/issuer/*.entity.ts'], rules: { '@typescript-eslint/no-restricted-imports': 'off' } },
  {
    files: ['web/src/**/*.ts', 'web/src/**/*.tsx'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "JSXAttribute[name.name='dangerouslySetInnerHTML'], MemberExpression[property.name='innerHTML']",
          message: 'The policy of the page refuses HTML from a string.',
        },
        {
          selector: "JSXAttribute[name.name='style']",
          message: 'Looks belong into web/src/styles.',
        },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'localStorage', message: 'Nothing of the page outlives it: a token must not get there.' },
        { name: 'sessionStorage', message: 'Nothing of the page outlives it: a token must not get there.' },
      ],
      'no-console': 'error',
      'max-lines': ['error', 250],
    },
  },
  { files: ['web/src/texts.ts'], rules: { 'max-lines': 'off' } },
  {
    files: ['test/**/*.ts', 'test/**/*.tsx'],
    rules: {
      // Answers are JSON of any shape, and a test says what it expects of them.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
);
