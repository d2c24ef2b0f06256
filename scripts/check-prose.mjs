// Holds the documents, the titles of tests, and the comments of src, web and test/support to plain English: CONTRIBUTING.md, "How we write".
//
//   node scripts/check-prose.mjs            everything; ends with 1 and a line for each fault: file:line, the words, what to write
//   node scripts/check-prose.mjs FILE …     these files alone
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the page says. */
const TEXTS = 'web/src/texts.ts';
/** Words of one sentence of a document. */
const MAX_SENTENCE = 45;
/** Lines of text of one comment. */
const MAX_COMMENT_LINES = 8;
/** Characters of a line of a comment, its indentation included. */
const MAX_COMMENT_WIDTH = 120;

/** What is ruled out, and what to write in its place. */
const WORDS = [
  [/\bwho(so)?ever\b/i, 'the role: caller, operator, administrator, vendor'],
  [/\bwhatever\b/i, 'the thing, or "any", "regardless of"'],
  [/\bwhichever\b/i, '"each", "any"'],
  [/\b(some|any|every)(body|one)('s)?\b/i, 'the role: caller, operator, administrator, vendor'],
  [/\bnobody else\b/i, '"no other caller", "alone"'],
  [/\bfor ?ever\b/i, '"permanently", or the condition that ends it'],
  [/\bis said (of|by)\b/i, 'who says it: "the log says", "the issuer answers"'],
  [/\bas ever\b/i, '"as before"'],
  [/\b(the license|one|token) that counts\b/i, '"the active license"'],
  [/\blicence[sd]?\b/i, '"license"'],
  [/\bbehaviour/i, '"behavior"'],
  [/\b(colour\w*|favour\w*|honour\w*|neighbour\w*|labour\w*)\b/i, 'the American spelling: "-or"'],
  [/\b(centre|metre|litre)s?\b/i, 'the American spelling: "-er"'],
  [/\bartefact/i, '"artifact"'],
  [
    /\b(recogni|initiali|normali|organi|authori|seriali|reali|minimi|summari|synchroni)s(e|es|ed|ing|ation)\b/i,
    'the American spelling: "-ize"',
  ],
  [/\b(cancell|labell|modell|signall|travell)(ed|ing)\b/i, 'the American spelling: one "l"'],
  [/\b(he|his|him|himself)\b/i, '"they", or the role'],
  [/\bTODO|FIXME|XXX\b/, 'an issue'],
];

/** Text that is quoted or code: it is exact, and not ours to reword. Replaced by as many characters, so that columns stay. */
const QUOTED = /`[^`]*`|"[^"\n]*"|“[^”]*”|\]\([^)]*\)|<[^>]*>|https?:\S+/g;
const withoutQuotes = (text) => text.replaceAll(QUOTED, (quoted) => quoted.replaceAll(/[^\n]/g, '_'));

const withoutCode = (text) =>
  text.replaceAll(/^( *)```[^]*?^\1```$/gm, (block) => block.replaceAll(/[^\n]/g, ''));

/** The words of `text` that are ruled out, by line. */
function wordFaults(text) {
  return withoutQuotes(text)
    .split('\n')
    .flatMap((line, index) =>
      WORDS.flatMap(([pattern, instead]) => {
        const found = pattern.exec(line);
        return found === null ? [] : [{ line: index + 1, what: `“${found[0]}”: write ${instead}` }];
      }),
    );
}

/** The sentences of a Markdown text that are too long. A cell of a table and an item of a list end a sentence. */
function sentenceFaults(text) {
  const faults = [];
  let line = 1;
  for (const part of text.split(/(\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )|\n(?=[|#])|(?<=\S) +\| +)/)) {
    let start = line;
    for (const sentence of part.split(/(?<=[.?!:;][)*”"]{0,3})(?=\s+[^a-z\s])/)) {
      const words = sentence.split(/\s+/).filter((word) => /\p{L}|\p{N}|_/u.test(word)).length;
      if (words > MAX_SENTENCE) {
        const begin = sentence.trim().slice(0, 40);
        const first = start + (/^\s*/.exec(sentence)[0].match(/\n/g) ?? []).length;
        faults.push({
          line: first,
          what: `“${begin} …” has ${words} words: write sentences of at most ${MAX_SENTENCE}`,
        });
      }
      start += (sentence.match(/\n/g) ?? []).length;
    }
    line += (part.match(/\n/g) ?? []).length;
  }
  return faults;
}

/** The comments of a TypeScript source as [first line, lines]; code is left out by lines, as prettier lays it out. */
function commentsOf(source) {
  const comments = [];
  let open;
  let inBlock = false;
  source.split('\n').forEach((text, index) => {
    const line = text.trim();
    if (inBlock || line.startsWith('//') || line.startsWith('/*')) {
      open ??= comments[comments.push({ line: index + 1, lines: [] }) - 1];
      open.lines.push(text);
      inBlock = (inBlock || line.startsWith('/*')) && !line.includes('*/');
    } else {
      open = undefined;
    }
  });
  return comments;
}

function commentFaults(source) {
  return commentsOf(source).flatMap(({ line, lines }) => {
    const faults = wordFaults(lines.join('\n')).map((fault) => ({ ...fault, line: line + fault.line - 1 }));
    const long = lines.filter((text) => /[\p{L}\p{N}]/u.test(text)).length;
    if (long > MAX_COMMENT_LINES)
      faults.push({
        line,
        what: `a comment of ${long} lines: write at most ${MAX_COMMENT_LINES}, and the rest into a decision record`,
      });
    lines.forEach((text, index) => {
      if (text.length > MAX_COMMENT_WIDTH)
        faults.push({
          line: line + index,
          what: `a comment line of ${text.length} characters: write at most ${MAX_COMMENT_WIDTH}`,
        });
    });
    return faults;
  });
}

/** A title on the line of its `it` or `describe`, or behind the table of its `each`. */
const TITLE = /^\s*(?:(?:it|describe)(?:\.\w+)?|\]\))\((['`"])(.*)\1,/;

/** As wordFaults, in the titles of a file of tests alone: a report of a failure is read too. */
function titleFaults(source) {
  return source.split('\n').flatMap((text, index) => {
    const title = TITLE.exec(text)?.[2];
    return title === undefined ? [] : wordFaults(title).map((fault) => ({ ...fault, line: index + 1 }));
  });
}

function faultsOf(path) {
  const text = readFileSync(path, 'utf8');
  if (/\.(spec|e2e)\.ts$/.test(path)) return titleFaults(text);
  // The texts of the page are prose, and so are its comments.
  if (path === TEXTS) return [...wordFaults(text), ...commentFaults(text)];
  if (/\.tsx?$/.test(path)) return commentFaults(text);
  const prose = withoutCode(text);
  return [...wordFaults(prose), ...sentenceFaults(prose)].sort((a, b) => a.line - b.line);
}

const below = (folder, extension) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => join(folder, name))
    .sort();

const paths =
  process.argv.length > 2
    ? process.argv.slice(2)
    : [
        ...readdirSync('.').filter((name) => name.endsWith('.md') && name !== 'CODE_OF_CONDUCT.md'),
        ...['docs', 'examples', 'vectors', 'clients']
          .flatMap((folder) => below(folder, '.md'))
          .filter((name) => !name.includes('node_modules')),
        ...['src', 'clients/typescript/src', 'web/src', 'test/support']
          .flatMap((folder) => [...below(folder, '.ts'), ...below(folder, '.tsx')])
          // Generated from docs/openapi.yaml.
          .filter((name) => name !== 'clients/typescript/src/schema.ts'),
        ...['.spec.ts', '.e2e.ts'].flatMap((extension) => below('test', extension)),
      ];
let count = 0;
for (const path of paths) {
  for (const { line, what } of faultsOf(path)) {
    count += 1;
    console.log(`${path}:${line}: ${what}`);
  }
}
console.log(
  count === 0 ? `${paths.length} files are in plain English.` : `${count} faults in ${paths.length} files.`,
);
process.exitCode = count === 0 ? 0 : 1;
