import type { ValueTransformer } from 'typeorm';

/** `pg` gives bigint as text; every bigint of ours is below 2^53. */
const asNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

/** A bigint column that is a number in the program: identities, generations, Unix seconds. */
export const INTEGER = { type: 'bigint', transformer: asNumber } as const;
