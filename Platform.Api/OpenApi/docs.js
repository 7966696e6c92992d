// What is tried out here with the session of the edge needs its anti-forgery token; with an API key, and at the API itself, there is none.
const token = fetch('/auth/session', { headers: { Accept: 'application/json' } })
  .then((answer) => (answer.ok ? answer.json() : {}))
  .then((session) => session.csrf_token)
  .catch(() => undefined);

SwaggerUIBundle({
  url: '/openapi/v1.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  requestInterceptor: async (request) => {
    const csrf = await token;
    if (csrf && new URL(request.url, location.href).origin === location.origin) {
      request.headers['X-CSRF-Token'] = csrf;
    }
    return request;
  },
});
