import { randomUUID } from 'node:crypto';
import express from 'express';
import { admit, left, seen } from './seats.mjs';

const users = new Map([
  ['anna', { id: 'user-1', role: 'admin' }],
  ['bert', { id: 'user-2', role: 'editor' }],
  ['carl', { id: 'user-3', role: 'viewer' }],
]);
const sessions = new Map();

const app = express();
app.use(express.json());

// A product checks the password first, and asks for a seat only then.
app.post('/sign-in', async (request, response) => {
  const user = users.get(request.body?.name);
  if (user === undefined) return response.status(401).json({ message: 'Nobody has this name.' });
  const { admitted, freesAt } = await admit(user);
  if (!admitted) {
    const until = freesAt === null ? '' : ` until ${new Date(freesAt * 1000).toISOString()}`;
    return response.status(403).json({ message: `All seats are taken${until}.` });
  }
  const session = randomUUID();
  sessions.set(session, user);
  response.json({ session });
});

function requireSession(request, response, next) {
  request.user = sessions.get(request.headers['x-session']);
  if (request.user === undefined) return response.status(401).json({ message: 'Sign in first.' });
  seen(request.user);
  next();
}

app.get('/work', requireSession, (request, response) => response.json({ worker: request.user.id }));

app.post('/sign-out', requireSession, async (request, response) => {
  sessions.delete(request.headers['x-session']);
  await left(request.user);
  response.json({});
});

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
