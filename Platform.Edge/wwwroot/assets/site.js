// Every page: counts the view, once, without anything that would recognise the visitor.
const error = document.querySelector('.code');
if (!error) {
  const visit = { page: location.pathname.slice(0, 500) };
  fetch('/visits', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(visit),
    credentials: 'omit',
    keepalive: true,
  }).then((answer) => answer.arrayBuffer()).catch(() => { /* A visit that cannot be counted is no concern of the visitor's. */ });
}
