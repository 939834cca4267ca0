/** Asking the server for JSON. */

const SMALL = 20_000; // characters; browsers refuse to carry on with more than 64 KB in all

/** `details`: [{field, message}] where the server says what is wrong with which field. */
export class HttpError extends Error {
  constructor(status, message, details = []) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/** For what may fail because of the server: passes on every other error, which is a fault of ours. */
export function onlyServer(error) {
  if (!(error instanceof HttpError)) throw error;
}

/** What is wrong with the server's database, in its words, where an error tells that; else "". */
export function outage(error) {
  return error.status === 503 ? error.message : "";
}

/** The answer's JSON. Throws HttpError with the server's words; a lost login leads to the login page. */
export async function getJson(path, { timeout = 8000, token = "" } = {}) {
  const url = token ? `${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}` : path;
  return ask(url, { headers: { Accept: "application/json" } }, { timeout, login: !token });
}

/** Sends JSON (or a form with a file) and answers the answer's JSON; throws like getJson. */
export async function send(method, path, body = undefined, { timeout = 20_000 } = {}) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
    options.keepalive = options.body.length < SMALL; // also when the page is left at once
  }
  return ask(path, options, { timeout, login: true });
}

async function ask(url, options, { timeout, login }) {
  const response = await fetch(url, {
    credentials: "same-origin",
    signal: AbortSignal.timeout(timeout),
    ...options,
  }).catch((error) => {
    throw new HttpError(
      0,
      error.name === "TimeoutError" ? "The server takes too long" : "The server cannot be reached",
    );
  });
  if (response.status === 401 && login) goToLogin();
  const body = await response.json().catch(() => null);
  if (!response.ok || body === null)
    throw new HttpError(response.status, body?.error ?? `The server answered ${response.status}`, body?.details ?? []);
  return body;
}

export function goToLogin() {
  const here = location.pathname + location.search;
  location.assign(`/login?next=${encodeURIComponent(here)}${location.hash}`);
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
