// Asks the collector, and gives up in time.

const PATIENCE_MS = 8000;

export async function ask(address) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE_MS);
  try {
    // Nobody need be there for a page to ask: it keeps no session alive (collector/web/actors.py).
    const headers = { "X-Schoolwatch-Refresh": "1" };
    const response = await fetch(address, { signal: limit.signal, headers });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } finally {
    clearTimeout(timer);
  }
}
