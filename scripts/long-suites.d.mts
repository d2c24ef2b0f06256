export interface LongSuite {
  readonly name: string;
  readonly files: readonly string[];
  readonly paths: readonly string[];
  readonly part: 'tests' | 'files' | 'own';
}
export const NOT_THE_COMMAND: readonly string[];
export const LONG_SUITES: readonly LongSuite[];
export const SAMPLED_FILES: readonly string[];
export function leftOut(seed: string, due?: readonly string[]): string[];
export function draw(files: readonly string[], seed: string, oneIn?: number): string[];
export function testFiles(patterns: readonly string[]): string[];
