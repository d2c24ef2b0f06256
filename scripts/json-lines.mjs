// Reads JSON Lines, each line an object, strictly.
import { loadBuilt } from './load-built.mjs';

const { isJsonObject, parseStrictJson } = await loadBuilt('domain/token/strict-json.js');

export function readJsonLines(text) {
  return text.split('\n').flatMap((line, index) => (line === '' ? [] : [read(line, index + 1)]));
}

function read(line, number) {
  let row;
  try {
    row = parseStrictJson(Buffer.from(line));
  } catch ({ message }) {
    throw new Error(`line ${number}: ${message}`);
  }
  if (!isJsonObject(row)) throw new Error(`line ${number} is no JSON object`);
  return row;
}
