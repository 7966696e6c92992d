// Calls of the API: same origin, JSON both ways. What fails is an ApiError that a person can read.
import { csrfToken } from '/assets/console/session.js';

const timeout = 20000;
const retries = 2;
const longestWait = 10;

/** A call that did not work. Its message is for a person. */
export class ApiError extends Error {
  /** @param status The status code; 0 when there was no answer.
   *  @param fields What is wrong, by field. */
  constructor(message, status = 0, fields = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

/** GET: asked again when the service is busy or away and says when to. `allow` names statuses whose JSON is an answer too. */
export const get = (path, options) => json('GET', path, options);
export const post = (path, body, options) => json('POST', path, { ...options, body });
export const patch = (path, body, options) => json('PATCH', path, { ...options, body });
export const remove = (path, options) => json('DELETE', path, options);

/** A path with the parameters that have a value. */
export function address(path, parameters) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  return query.size > 0 ? `${path}?${query}` : path;
}

/** Fetches a file and has the browser save it. It is not timed: how long it takes depends on its size. */
export async function download(path, accept, name) {
  const answer = await send('GET', path, { accept, untimed: true });
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the file after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

async function json(method, path, options = {}) {
  const answer = await send(method, path, options);
  if (answer.status === 204) {
    return null;
  }

  try {
    return await answer.json();
  } catch {
    options.signal?.throwIfAborted();
    throw new ApiError('The answer of the service broke off. Try again.', answer.status);
  }
}

async function send(method, path, { body, signal, accept = 'application/json', allow = [], untimed = false } = {}) {
  const headers = { Accept: accept };
  if (method !== 'GET') {
    headers['X-CSRF-Token'] = csrfToken;
  }

  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }

  for (let attempt = 0; ; attempt++) {
    const signals = [signal, untimed ? null : AbortSignal.timeout(timeout)].filter(Boolean);
    let answer;
    try {
      answer = await fetch(path, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.any(signals), cache: 'no-store',
      });
    } catch (failure) {
      signal?.throwIfAborted();
      throw new ApiError(failure.name === 'TimeoutError'
        ? 'The service took too long to answer. Try again in a moment.'
        : 'The service cannot be reached. Check your connection and try again.');
    }

    if (answer.ok || allow.includes(answer.status)) {
      return answer;
    }

    const wait = Number(answer.headers.get('Retry-After') ?? Number.NaN);
    if (method === 'GET' && [429, 503].includes(answer.status) && wait <= longestWait && attempt < retries) {
      await delay(wait * 1000, signal);
      continue;
    }

    if (answer.status === 401) {
      await signIn();
    }

    throw await problem(answer, wait);
  }
}

/** What the answer says is wrong: an RFC 9457 problem document, or at least its status. */
export async function problem(answer, wait = Number.NaN) {
  const said = await answer.json().catch(() => ({}));
  const fields = Object.fromEntries(Object.entries(said.errors ?? {}).map(([name, errors]) => [name, errors.join('; ')]));
  const wrong = Object.entries(fields).map(([name, error]) => `${label(name)} ${error}.`).join(' ');
  const standard = {
    401: 'Your session has ended. Sign in again.',
    403: 'You are not allowed to do this.',
    404: 'This does not exist any more.',
    413: 'This is too large.',
    429: 'That was too often in a short time.',
    503: 'The service is not available at the moment.',
  }[answer.status] ?? (answer.status >= 500 ? 'Something went wrong in the service.' : 'The service refused this.');
  const later = wait > 0 ? ` Try again in ${wait === 1 ? 'a second' : `${wait} seconds`}.` : '';
  return new ApiError((wrong || said.detail || standard) + later, answer.status, fields);
}

function label(name) {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Leaves for the sign-in page, from where it comes back here; returns when there is a session all the same. */
async function signIn() {
  const session = await fetch('/auth/session', {
    headers: { Accept: 'application/json' }, cache: 'no-store', signal: AbortSignal.timeout(timeout),
  }).catch(() => null);
  if (!session?.ok) {
    window.location.assign(`/auth/sign-in?return=${encodeURIComponent(window.location.pathname + window.location.search)}`);
    await new Promise(() => { /* The page is being left. */ });
  }
}

function delay(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
