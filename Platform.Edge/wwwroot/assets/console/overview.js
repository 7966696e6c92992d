// The overview: numbers and health as they are now, what has come in lately, and what does not go on by itself.
import { address, get } from '/assets/console/api.js';
import { createTimeChart } from '/assets/console/chart.js';
import { h, setText } from '/assets/console/dom.js';
import { chip, formatNumber, formatSize, plural, timeAgo } from '/assets/console/format.js';
import { readHealth } from '/assets/console/health.js';
import { rangeChanged, showMetrics } from '/assets/console/overview-metrics.js';
import { poll } from '/assets/console/poll.js';
import { isAdministrator } from '/assets/console/session.js';
import { documentNames, reasonOf, titleOf } from '/assets/console/task.js';

const hour = 3600000;
const interval = { numbers: 10000, lists: 20000, chart: 60000, metrics: 15000 };
const shown = 5;
const units = { contacts: ['contact', 'contacts'], visits: ['visit', 'visits'], documents: ['document', 'documents'] };
const ranges = { day: ['hour', 24 * hour], week: ['day', 6 * 24 * hour], month: ['day', 29 * 24 * hour], year: ['month', 335 * 24 * hour] };
const tools = [
  ['API', '/docs/index.html', 'to read and try out'],
  ['Grafana', '/grafana/', 'dashboards'],
  ['Prometheus', '/prometheus/', 'metrics'],
  ['Alertmanager', '/alertmanager/', 'alerts'],
  ['pgAdmin', '/pgadmin/', 'database'],
  ['MinIO', '/minio/', 'object store'],
  ['Meilisearch', '/meilisearch/', 'search engine'],
];

const byId = (id) => document.getElementById(id);
const activity = byId('activity');
const drawChart = createTimeChart(byId('chart'));

async function showNumbers(signal) {
  const [insights, stats, health] = await Promise.allSettled([
    get('/analytics/insights', { signal }), get('/stats', { signal }), get('/health', { signal, allow: [503] })]);
  if (insights.status === 'fulfilled') {
    const {
      total_contacts: contacts, contact_status: byStatus, total_documents: documents, total_size: size, processing_stats: states,
    } = insights.value;
    figure('contacts', formatNumber(contacts), `${formatNumber(byStatus.new)} new`);
    figure('documents', formatNumber(documents), formatSize(size));
    figure('processing', formatNumber(states.pending + states.processing),
      states.failed > 0 ? `${formatNumber(states.failed)} failed` : 'None failed');
  }

  if (stats.status === 'fulfilled') {
    figure('visits', formatNumber(stats.value.visitor_count), 'since the beginning');
  }

  showHealth(health);
  const failure = [insights, stats].find((result) => result.status === 'rejected')?.reason;
  if (failure) {
    setText(byId('trouble'), `These numbers may be old. ${failure.message}`);
    byId('trouble').hidden = false;
    throw failure;
  }

  byId('trouble').hidden = true;
}

function figure(id, value, hint) {
  setText(byId(id), value);
  setText(byId(`${id}-hint`), hint);
}

function showHealth(result) {
  const { reached, well, services, version } = readHealth(result);
  byId('overall-dot').dataset.state = well ? 'ok' : 'bad';
  setText(byId('overall'), well ? 'Everything works' : reached ? 'Something does not work' : 'The service does not answer');
  const row = (name, isWell, text) => h('li', { 'data-state': isWell ? 'ok' : 'bad' },
    h('span', { class: 'name' }, h('span', { class: 'dot', 'data-state': isWell ? 'ok' : 'bad' }), name), h('span', { class: 'health-state' }, text));
  byId('health').replaceChildren(
    row('Service', reached, reached ? `works, version ${version}` : 'does not answer'),
    ...services.map((service) => row(service.name, service.isWell, service.text)));
}

async function showChart(signal) {
  const { metric, range } = Object.fromEntries(new FormData(activity));
  const [each, length] = ranges[range];
  try {
    const from = new Date(Date.now() - length).toISOString();
    const series = await get(address('/analytics/timeseries', { metric, interval: each, from }), { signal });
    const total = series.points.reduce((sum, point) => sum + point.value, 0);
    drawChart({ title: activity.elements.metric.selectedOptions[0].text, unit: units[metric], interval: each, points: series.points });
    setText(byId('chart-hint'), `${plural(total, ...units[metric])}, ${activity.elements.range.selectedOptions[0].text.toLowerCase()}.`);
  } catch (error) {
    if (!signal.aborted) {
      setText(byId('chart-hint'), `The chart could not be brought up to date. ${error.message}`);
    }

    throw error;
  }
}

async function showLatest(signal) {
  await part('latest', async () => {
    const { contacts } = await get(address('/contacts', { limit: shown }), { signal });
    return contacts.length === 0
      ? h('p', { class: 'hint' }, 'None yet. Who writes through the contact form of the site appears here.')
      : h('ul', { class: 'rows' }, contacts.map((contact) => h('li', {},
        h('div', { class: 'grow' },
          h('a', { href: address('/console/contacts', { id: contact.contactId }) }, contact.name),
          h('span', { class: 'hint' }, contact.message)),
        h('div', { class: 'aside' }, chip(contact.status), h('span', { class: 'hint' }, timeAgo(contact.timestamp))))));
  });
}

async function showAttention(signal) {
  if (!isAdministrator) {
    byId('attention').replaceChildren(h('p', { class: 'hint' }, 'Administrators see here what has failed.'));
    return;
  }

  await part('attention', async () => {
    const { tasks } = await get(address('/admin/api/tasks', { state: 'failed', limit: shown }), { signal });
    const names = await documentNames(tasks, signal);
    return tasks.length === 0
      ? h('p', { class: 'hint' }, 'Nothing. Every document has been processed, or is on its way.')
      : h('ul', { class: 'rows' }, tasks.map((task) => h('li', {},
        h('div', { class: 'grow' },
          h('a', { href: '/console/tasks?state=failed' }, names.get(task.document_id) ?? titleOf(task)),
          h('span', { class: 'hint' }, reasonOf(task))),
        h('span', { class: 'hint' }, timeAgo(task.finished_at)))));
  });
}

/** Fills a box, or says in it what went wrong. */
async function part(id, make) {
  try {
    byId(id).replaceChildren(await make());
  } catch (error) {
    byId(id).replaceChildren(h('p', { class: 'hint' }, `This could not be loaded. ${error.message}`));
    throw error;
  }
}

/** The tools that run beside the service: which ones depends on where it runs. */
async function showTools() {
  const { applications } = await get('/auth/session');
  const running = tools.filter(([, path]) => path.startsWith('/docs/') || applications.includes(path.slice(1, -1)));
  byId('tools-list').replaceChildren(...running.map(([name, path, what]) => h('li', {},
    h('a', { href: path }, name), h('span', { class: 'hint' }, what))));
  byId('tools').hidden = false;
  byId('alert-tools').replaceChildren(...running.filter(([, path]) => ['/alertmanager/', '/prometheus/'].includes(path))
    .map(([name, path]) => h('a', { href: path }, name)));
}

const chart = poll(showChart, interval.chart);
activity.addEventListener('change', () => chart.now());
activity.addEventListener('submit', (event) => event.preventDefault());
poll(showNumbers, interval.numbers);
const metrics = poll(showMetrics, interval.metrics);
rangeChanged(() => metrics.now());
poll((signal) => Promise.all([showLatest(signal), showAttention(signal)]), interval.lists);
if (isAdministrator) {
  await showTools();
}
