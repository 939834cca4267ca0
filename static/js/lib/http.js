/** Asking the server for JSON. */

export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The answer's JSON. Throws HttpError with the server's words; a lost login leads to the login page. */
export async function getJson(path, { timeout = 8000, token = "" } = {}) {
  const url = token ? `${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}` : path;
  const response = await fetch(url, {
    headers: { Accept: "application/json" },
    credentials: "same-origin",
    signal: AbortSignal.timeout(timeout),
  });
  if (response.status === 401 && !token) goToLogin();
  const body = await response.json().catch(() => null);
  if (!response.ok || body === null)
    throw new HttpError(response.status, body?.error ?? `The server answered ${response.status}`);
  return body;
}

export function goToLogin() {
  const here = location.pathname + location.search;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
}

/** `{page: 2, channel: ""}` → "?page=2": what is empty is left out. */
export function query(parameters) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== "" && value !== null && value !== undefined) search.set(name, value);
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}
