const { LICENTIA_URL = 'http://localhost:3000', LICENTIA_TOKEN = '', SEEN_SECONDS = '60' } = process.env;
const MAX_EVENTS = 1000; // of one report
const now = () => performance.now(); // monotonic: a clock that is set changes nothing

const waiting = new Map(); // who worked since the last report
let pausedUntil = 0; // after a failure no sign-in waits for the next one

async function post(path, body) {
  const response = await fetch(`${LICENTIA_URL}/api/licensing/usage/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${LICENTIA_TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(2000),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

/** Asks for a seat when a person signs in. Without an answer the person is let in: only a clear "no" is one. */
export async function admit({ id, role }) {
  if (now() >= pausedUntil) {
    try {
      return await post('admit', { subject: id, role });
    } catch (error) {
      pausedUntil = now() + 1000;
      console.error(`The question for a seat has no answer: ${error.message}`);
    }
  }
  seen({ id, role });
  return { admitted: true, reason: 'no-answer', freesAt: null };
}

/** Gives the seat back when a person signs out, where the license says `leave: free`. */
export async function left({ id }) {
  waiting.delete(id);
  await post('left', { subject: id }).catch((error) => {
    console.error(`A sign-out was not reported: ${error.message}`);
  });
}

/** Remembers that a person works: one event a person and report. */
export function seen({ id, role }) {
  waiting.set(id, { subject: id, role, at: Math.floor(Date.now() / 1000) });
}

async function report() {
  const events = [...waiting.values()].slice(0, MAX_EVENTS);
  if (events.length === 0) return;
  for (const { subject } of events) waiting.delete(subject);
  try {
    await post('seen', { events });
  } catch (error) {
    console.error(`A report of usage goes again: ${error.message}`);
    for (const event of events) if (!waiting.has(event.subject)) waiting.set(event.subject, event);
  }
}

setInterval(report, Number(SEEN_SECONDS) * 1000).unref();
