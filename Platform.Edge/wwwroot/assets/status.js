// The status page: asks /health again and again, and says since when it is as it is. The page itself comes from the edge, which works
// while the service behind it does not.
import { showMetrics } from '/assets/status-metrics.js';

const interval = 15000;
const shown = 40;

const verdict = document.getElementById('verdict');
const headline = document.getElementById('headline');
const since = document.getElementById('since');
const parts = document.getElementById('parts');
const api = document.getElementById('api-part');
const checks = document.getElementById('checks');
const ticks = document.getElementById('ticks');
const checked = document.getElementById('checked');
const schedule = document.getElementById('schedule');
const pause = document.getElementById('pause');

let current = recall();
let timer = 0;
let incidents = 0;

// The last state outlives a reload of the page, so that "since" does not start anew.
function recall() {
  try {
    return JSON.parse(sessionStorage.getItem('status')) ?? { state: 'unknown' };
  } catch {
    return { state: 'unknown' };
  }
}

function remember(state) {
  if (current.state !== state) {
    current = { state, from: Date.now() };
    try {
      sessionStorage.setItem('status', JSON.stringify(current));
    } catch { /* Without storage the page forgets at a reload. */ }
  }
}

async function ask() {
  try {
    const answer = await fetch('/health', {
      headers: { Accept: 'application/json' }, credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(8000),
    });
    const health = await answer.json().catch(() => null);
    // An answer with services is the service's own; any other one says that the edge did not reach it.
    return typeof health?.services === 'object' ? { reached: true, well: answer.ok && health.status === 'healthy', health } : { reached: answer.ok };
  } catch {
    return { reached: false, offline: true };
  }
}

function time(date) {
  const today = new Date().toDateString() === date.toDateString();
  return date.toLocaleString(undefined, today ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'medium' });
}

function setText(element, text) {
  // Unchanged text is not written again: a screen reader would read it out each time.
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function part(item, state, text) {
  item.dataset.state = state;
  setText(item.querySelector('.state'), text);
}

function showServices(services) {
  parts.querySelectorAll('[data-service]').forEach((item) => {
    if (!(item.dataset.service in services)) {
      item.remove();
    }
  });
  for (const [name, value] of Object.entries(services)) {
    let item = parts.querySelector(`[data-service="${CSS.escape(name)}"]`);
    if (!item) {
      item = api.cloneNode(true);
      item.removeAttribute('id');
      item.dataset.service = name;
      item.querySelector('.part').textContent = name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
      parts.append(item);
    }

    const text = String(value?.status ?? value);
    part(item, /^(connected|healthy|ok|up|available)$/i.test(text) ? 'ok' : 'bad', text);
  }
}

function show(result) {
  const state = result.well ? (incidents > 0 ? 'part' : 'ok') : result.reached ? 'part' : result.offline ? 'offline' : 'bad';
  remember(state);
  verdict.dataset.state = state;
  setText(headline, {
    ok: 'Everything works',
    part: 'Something does not work',
    bad: 'The service does not answer',
    offline: 'Nothing can be reached from here',
  }[state]);
  const from = time(new Date(current.from));
  setText(since, {
    ok: `As far as this page has seen, since ${from}.`,
    part: `The lists say what. Seen first at ${from}.`,
    bad: `Seen first at ${from}. This site works, messages cannot be sent until the service is back.`,
    offline: `Since ${from}. Your connection may be interrupted, or ours.`,
  }[state]);
  part(parts.firstElementChild, state === 'offline' ? 'bad' : 'ok', state === 'offline' ? 'cannot be reached' : 'you are reading it');
  part(api, result.reached ? 'ok' : 'bad', result.reached ? `works${result.health?.version ? `, version ${result.health.version}` : ''}` : 'does not answer');
  showServices(result.health?.services ?? {});
  return state;
}

function addTick(state) {
  const tick = document.createElement('li');
  tick.dataset.state = state;
  ticks.append(tick);
  while (ticks.childElementCount > shown) {
    ticks.firstElementChild.remove();
  }

  checked.textContent = `Last asked at ${time(new Date())}.`;
  checks.hidden = false;
}

async function round() {
  // What has been measured may take longer than what is now, and adds to it.
  const measured = showMetrics();
  const result = await ask();
  show(result);
  incidents = await measured;
  addTick(show(result));
  if (pause.getAttribute('aria-pressed') === 'false') {
    timer = setTimeout(round, interval);
  }
}

pause.addEventListener('click', () => {
  const paused = pause.getAttribute('aria-pressed') === 'false';
  pause.setAttribute('aria-pressed', String(paused));
  schedule.textContent = paused ? 'Updates are paused.' : 'Asked again every 15 seconds.';
  clearTimeout(timer);
  if (!paused) {
    round();
  }
});

// Nobody looks at a hidden page; it asks as soon as it is seen again.
document.addEventListener('visibilitychange', () => {
  clearTimeout(timer);
  if (!document.hidden && pause.getAttribute('aria-pressed') === 'false') {
    round();
  }
});

await round();
