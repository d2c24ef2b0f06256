// Reads JSON Lines, each line an object, strictly.
import { loadBuilt } from './load-built.mjs';

const { isJsonObject, parseStrictJson } = await loadBuilt('domain/token/strict-json.js');

export function readJsonLines(text) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const row = parseStrictJson(Buffer.from(line));
      if (!isJsonObject(row)) throw new Error(`line ${index + 1} is no JSON object`);
      return row;
    });
}
