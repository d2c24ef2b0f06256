// Writes the generated files of clients/typescript from docs/openapi.yaml: its types, and what an answer must look like.
// With --check it writes nothing, and ends with 1 where a file is another one.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENT = `${ROOT}docs/openapi.yaml`;
const SHAPES = `${ROOT}clients/typescript/src/answer-shapes.ts`;
const isCheck = process.argv.includes('--check');

const { status } = spawnSync(
  `${ROOT}node_modules/.bin/openapi-typescript`,
  [
    DOCUMENT,
    ...['--output', `${ROOT}clients/typescript/src/schema.ts`],
    ...['--root-types', '--root-types-no-schema-prefix', '--default-non-nullable=false'],
    ...(isCheck ? ['--check'] : []),
  ],
  { stdio: 'inherit' },
);
if (status !== 0) process.exit(1);

const openApi = parse(readFileSync(DOCUMENT, 'utf8'));
const text = await format(
  `// Written by scripts/write-client.mjs from docs/openapi.yaml.

/** Nothing (204), a JSON boolean, a JSON array, an object with these members, or a text of these media types. */
export type AnswerShape = 'nothing' | 'boolean' | 'array' | readonly string[] | { readonly text: readonly string[] };

/** What a success of each operation is. */
export const ANSWER_SHAPES: Readonly<Record<string, AnswerShape>> =
  ${JSON.stringify(Object.fromEntries(Object.entries(openApi.paths).flatMap(shapesOf)))};
`,
  { ...(await resolveConfig(SHAPES)), parser: 'typescript' },
);
if (!isCheck) writeFileSync(SHAPES, text);
else if (readFileSync(SHAPES, 'utf8') !== text) {
  console.error(
    'clients/typescript/src/answer-shapes.ts is not what docs/openapi.yaml says: npm run client:generate',
  );
  process.exit(1);
}

function shapesOf([path, item]) {
  return ['get', 'post', 'put', 'patch', 'delete']
    .filter((method) => item[method] !== undefined)
    .flatMap((method) => {
      const responses = Object.entries(item[method].responses);
      const [, success] = responses.find(([code]) => code.startsWith('2')) ?? [];
      // What is gone has none.
      if (success === undefined) return [];
      return [[`${method.toUpperCase()} ${path}`, shapeOf(resolve(success).content)]];
    });
}

function shapeOf(content) {
  if (content === undefined) return 'nothing';
  const schema = content['application/json']?.schema;
  if (schema === undefined) return { text: Object.keys(content).map((type) => type.split(';')[0]) };
  const { type } = resolve(schema);
  return type === 'boolean' || type === 'array' ? type : requiredOf(schema);
}

function requiredOf(schema) {
  const { required = [], allOf = [] } = resolve(schema);
  return [...required, ...allOf.flatMap(requiredOf)];
}

function resolve(node) {
  if (node.$ref === undefined) return node;
  return resolve(
    node.$ref
      .slice(2)
      .split('/')
      .reduce((parent, name) => parent[name], openApi),
  );
}
