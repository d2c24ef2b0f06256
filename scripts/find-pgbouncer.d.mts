export function findPgBouncer(environment?: NodeJS.ProcessEnv): string | undefined;
