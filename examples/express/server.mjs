import express from 'express';
import { daysLeft, isLicensed } from '../license.mjs';

async function requireLicense(_request, response, next) {
  if (await isLicensed()) next();
  else response.status(402).json({ message: 'Reports need a license.' });
}

const app = express();
app.get('/', (_request, response) => response.json({ message: 'This part needs no license.' }));
app.get('/reports', requireLicense, (_request, response) => response.json(['a report']));
app.get('/about', async (_request, response) => {
  response.json({ daysLeft: await daysLeft().catch(() => null) });
});

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
