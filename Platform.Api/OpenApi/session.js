// What is tried out on this page with the session of the edge needs its anti-forgery token; with an API key, and at the API itself, there is none.
const send = window.fetch;
const token = send('/auth/session', { headers: { Accept: 'application/json' } })
  .then((answer) => (answer.ok ? answer.json() : {}))
  .then((session) => session.csrf_token)
  .catch(() => undefined);

window.fetch = async (input, init) => {
  const request = new Request(input, init);
  const safe = ['GET', 'HEAD', 'OPTIONS'].includes(request.method);
  if (!safe && new URL(request.url).origin === location.origin && (await token)) {
    request.headers.set('X-CSRF-Token', await token);
  }
  return send(request);
};
