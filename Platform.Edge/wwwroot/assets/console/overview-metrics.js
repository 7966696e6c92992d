// The overview's part that Prometheus measures: charts, alerts, availability. Without it, a line of text says so.
import { dayBars, formatPercent, nameOf } from '/assets/availability.js';
import { address, get } from '/assets/console/api.js';
import { createTimeChart } from '/assets/console/chart.js';
import { h, setText } from '/assets/console/dom.js';
import { chip, formatDateTime, timeAgo } from '/assets/console/format.js';

const locale = navigator.languages?.[0];
const decimal = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
const services = { edge: 'Front door', api: 'API' };
const intervals = { '1h': 'minute', '6h': 'minute', '24h': 'minute', '7d': 'hours' };
const texts = {
  not_collected: 'Metrics are not collected here. Install Prometheus, or name one in services:prometheus:http:0, and they appear here.',
  away: 'Prometheus does not answer. What it has measured appears again as soon as it does.',
  empty: 'Prometheus runs and has not measured anything yet.',
};

const byId = (id) => document.getElementById(id);
const range = byId('metrics-range');

const percentOf = (value) => `${decimal.format(value * 100)} %`;
const duration = (value) => (value < 1 ? `${decimal.format(value * 1000)} ms` : `${decimal.format(value)} s`);
const count = (value) => decimal.format(value);

// The lines of each chart: what they are of, which of those, and what they are called.
const charts = [
  { title: 'Requests a second', format: count, lines: byService('requests') },
  { title: 'Requests that failed', format: percentOf, lines: byService('errors') },
  { title: 'Response time, front door', format: duration, lines: percentiles('edge') },
  { title: 'Response time, API', format: duration, lines: percentiles('api') },
  {
    title: 'Waiting work',
    format: count,
    lines: [['queue', 'queued', 'documents queued'], ['queue', 'running', 'in work'], ['outbox', 'waiting', 'mails waiting'], ['outbox', 'failed', 'mails failed']],
  },
  { title: 'Sessions', format: count, lines: [['sessions', '', 'sessions']] },
].map((chart) => {
  const place = h('div');
  byId('performance').append(h('div', {}, h('h3', {}, chart.title), place));
  return { ...chart, draw: createTimeChart(place) };
});

function byService(chart) {
  return Object.entries(services).map(([job, name]) => [chart, job, name]);
}

function percentiles(job) {
  return [['p50', job, 'half within'], ['p95', job, '95 %'], ['p99', job, '99 %']];
}

/** Asks and shows. It throws when the edge could not be asked. */
export async function showMetrics(signal) {
  const asked = range.value;
  try {
    const metrics = await get(address('/console/metrics', { range: asked }), { signal });
    show(metrics, asked);
  } catch (error) {
    if (!signal.aborted) {
      showNothing(error.message);
    }

    throw error;
  }
}

function show(metrics, asked) {
  if (metrics.state !== 'available') {
    showNothing(texts[metrics.state]);
    return;
  }

  setText(byId('performance-note'), `Measured at ${formatDateTime(metrics.time)}.`);
  byId('performance').hidden = metrics.times.length === 0;
  if (metrics.times.length > 0) {
    charts.forEach((chart) => drawChart(chart, metrics, asked));
  }

  byId('alerts').replaceChildren(metrics.alerts.length === 0
    ? h('p', { class: 'hint' }, 'No alert is firing.')
    : h('ul', { class: 'rows' }, metrics.alerts.map(alertRow)));
  byId('availability').replaceChildren(...availability(metrics));
}

function showNothing(text) {
  setText(byId('performance-note'), text);
  byId('performance').hidden = true;
  byId('alerts').replaceChildren(h('p', { class: 'hint' }, 'Alerts are not known without metrics.'));
  byId('availability').replaceChildren(h('p', { class: 'hint' }, 'Availability is not known without metrics.'));
}

function drawChart({ title, format, lines, draw }, { times, lines: measured }, asked) {
  const found = lines.flatMap(([chart, of, name]) => {
    const line = measured.find((candidate) => candidate.chart === chart && candidate.name === of);
    return line ? [{ name, values: line.values }] : [];
  });
  const shown = found.length > 0 ? found : [{ name: lines[0][2], values: times.map(() => null) }];
  draw({
    title,
    format,
    names: shown.map((line) => line.name),
    interval: intervals[asked],
    points: times.map((timestamp, index) => ({ timestamp, values: shown.map((line) => line.values[index]) })),
  });
}

function alertRow({ name, severity, summary, since, runbook }) {
  return h('li', {}, h('div', { class: 'alert grow' },
    chip(severity), h('strong', {}, summary || name),
    h('span', { class: 'hint' }, 'Since ', timeAgo(since), runbook ? ', ' : '', runbook ? h('a', { href: runbook }, 'what to do') : '')));
}

function availability({ availability_month: month, error_budget: budget, history_time: time, components }) {
  const requests = month === null ? [] : [h('p', { class: 'hint' },
    `${formatPercent(month)} of the requests of 30 days were answered well`,
    budget === null ? '.' : budget < 0 ? ', more errors than the objective allows.' : `, ${formatPercent(budget)} of the error budget is left.`)];
  return [...requests, h('ul', { class: 'availability' }, components.map((component) => h('li', {},
    h('p', {}, h('strong', {}, nameOf(component)), h('span', { class: 'hint' }, [
      component.state === 'down' ? 'does not work now' : component.state === 'unknown' ? 'not measured now' : null,
      component.availability_day === null ? null : `24 h: ${formatPercent(component.availability_day)}`,
      component.availability_month === null ? null : `30 days: ${formatPercent(component.availability_month)}`,
    ].filter((part) => part !== null).join(', '))),
    component.days.length > 0 ? dayBars(component.days) : null))),
  time === null ? null : h('p', { class: 'hint' }, `Worked out at ${formatDateTime(time)}. Days begin at midnight UTC.`)].filter((part) => part !== null);
}

export const rangeChanged = (action) => range.addEventListener('change', action);
