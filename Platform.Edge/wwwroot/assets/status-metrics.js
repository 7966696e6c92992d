// What has been measured: incidents, and how well the parts have worked. Where nothing is measured, the page says nothing of it.
import { dayBars, formatPercent, nameOf } from '/assets/availability.js';

const locale = navigator.languages?.[0];
const number = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 });
const milliseconds = new Intl.NumberFormat(locale, { style: 'unit', unit: 'millisecond', maximumSignificantDigits: 2 });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const states = { up: 'works', down: 'does not work', unknown: 'not measured now' };

const texts = { empty: 'Nothing has been measured yet.', away: 'What has been measured cannot be read at the moment.' };

const byId = (id) => document.getElementById(id);

async function ask() {
  try {
    const answer = await fetch('/status/metrics', {
      headers: { Accept: 'application/json' }, credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(8000),
    });
    return answer.ok ? await answer.json() : { state: 'away' };
  } catch {
    return { state: 'away' };
  }
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className ?? '';
  return made;
}

function incident({ summary, since }) {
  const item = document.createElement('li');
  item.append(element('strong', `${summary}.`), element('span', `Since ${moment.format(new Date(since))}.`));
  return item;
}

function measure(name, text) {
  const group = document.createElement('div');
  group.append(element('dt', name), element('dd', text));
  return group;
}

function history(component) {
  const item = document.createElement('li');
  const line = document.createElement('p');
  const parts = [
    component.availability_day === null ? null : `24 h: ${formatPercent(component.availability_day)}`,
    component.availability_month === null ? null : `30 days: ${formatPercent(component.availability_month)}`,
  ].filter((part) => part !== null);
  line.append(element('span', nameOf(component), 'part'), element('span', [states[component.state], ...parts].join(', '), 'state'));
  item.append(line);
  if (component.days.length > 0) {
    item.append(dayBars(component.days));
  }

  return item;
}

function measuredAt(time, historyTime) {
  const history = historyTime === null ? '' : `, the percentages at ${moment.format(new Date(historyTime))}`;
  return `Measured at ${moment.format(new Date(time))}${history}. Days begin at midnight UTC.`;
}

/** Asks, and shows the answer in place of the last one: what is not known any more goes away. Returns the number of incidents. */
export async function showMetrics() {
  const metrics = await ask();
  const { state, time, components = [], incidents = [] } = metrics;
  const known = state === 'available';
  byId('incident-list').replaceChildren(...(known ? incidents.map(incident) : []));
  byId('incidents').hidden = !known || incidents.length === 0;
  byId('measures').replaceChildren(...(known ? [
    metrics.availability_month === null ? null : measure('Requests answered well', formatPercent(metrics.availability_month)),
    metrics.p95_seconds === null ? null : measure('95 % answered within', milliseconds.format(metrics.p95_seconds * 1000)),
    metrics.requests_per_minute === null ? null : measure('Requests a minute', number.format(metrics.requests_per_minute)),
  ].filter((made) => made !== null) : []));
  byId('history').replaceChildren(...(known ? components.map(history) : []));
  byId('measured-note').textContent = known ? measuredAt(time, metrics.history_time) : texts[state] ?? '';
  byId('measured').hidden = state === 'not_collected';
  return known ? incidents.length : 0;
}
