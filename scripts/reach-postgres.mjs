// Ends with 0 when the PostgreSQL at the address of the first argument lets us in.
import pg from 'pg';

const client = new pg.Client({ connectionString: process.argv[2], connectionTimeoutMillis: 3_000 });
try {
  await client.connect();
  await client.end();
} catch (error) {
  console.error(`No PostgreSQL at that address: ${error.message}`);
  process.exitCode = 1;
}
