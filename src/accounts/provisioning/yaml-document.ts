import { Composer, Lexer, LineCounter, type Node, Parser } from 'yaml';
import type { ProvisioningFaults } from './provisioning-faults.js';

/** A provisioning has eight levels. Thousands would end in an overflow of the stack. */
const MAX_DEPTH = 64;

/** What the YAML library says in words for its own callers. */
const YAML_RULES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a file is one document: move this one to a file of its own',
  RESOURCE_EXHAUSTION: 'it is nested too deeply',
};

const OPTIONS = {
  version: '1.2',
  // Its check compares each key with all before it: YamlReader.map finds repeated keys.
  uniqueKeys: false,
  // `!!set` and `!!omap` compare their keys so too, and mean nothing here.
  resolveKnownTags: false,
} as const;

export interface YamlDocument {
  readonly root: Node | null;
  readonly lines: LineCounter;
}

class TooDeepError extends Error {
  override readonly name = 'TooDeepError';
}

/**
 * Parses the one document of a file in a time that grows with its size alone.
 * @returns undefined, with faults, for what is no YAML
 */
export function parseYaml(file: string, text: string, faults: ProvisioningFaults): YamlDocument | undefined {
  const lines = new LineCounter();
  const found = new Set<string>();
  const add = (offset: number, code: string, message: string) => {
    const { line } = lines.linePos(offset);
    const rule = YAML_RULES[code] ?? message;
    // A line of a thousand brackets is one fault.
    if (!found.has(`${line} ${rule}`)) faults.add({ file, line }, rule);
    found.add(`${line} ${rule}`);
  };
  const parser = new Parser(lines.addNewLine);
  const { stackTraceLimit } = Error;
  // A fault of the library is an Error: the stacks of a quarter of a million take most of the time.
  Error.stackTraceLimit = 0;
  try {
    lines.addNewLine(0);
    const [document, second] = new Composer(OPTIONS).compose(tokensOf(parser, text), true, text.length);
    if (document === undefined) return undefined;
    for (const { pos, code, message } of [...document.errors, ...document.warnings])
      add(pos[0], code, message);
    if (second !== undefined) add(second.range[0], 'MULTIPLE_DOCS', '');
    return document.errors.length > 0 || second !== undefined
      ? undefined
      : { root: document.contents, lines };
  } catch (error) {
    if (!(error instanceof TooDeepError)) throw error;
    add(parser.offset, 'RESOURCE_EXHAUSTION', '');
    return undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** As `parser.parse(text)`. @throws TooDeepError before anything recurses into it */
function* tokensOf(parser: Parser, text: string) {
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) throw new TooDeepError();
  }
  yield* parser.end();
}
