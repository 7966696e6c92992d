// Totals and series, with the choice in the page's address.
import { address, get } from '/assets/console/api.js';
import { barList, createTimeChart } from '/assets/console/chart.js';
import { h, setText } from '/assets/console/dom.js';
import { bindFilters } from '/assets/console/filters.js';
import { formatDateTime, formatNumber, formatSize, plural, sentence, timeAgo } from '/assets/console/format.js';
import { poll } from '/assets/console/poll.js';

const refresh = 30000;
const units = {
  contacts: ['contact', 'contacts'], visits: ['visit', 'visits'], documents: ['document', 'documents'],
  documents_processed: ['document', 'documents'], documents_failed: ['document', 'documents'], events: ['event', 'events'],
};
const languages = new Intl.DisplayNames(navigator.languages?.[0] ?? 'en', { type: 'language' });

const byId = (id) => document.getElementById(id);
const series = byId('series');
const draw = createTimeChart(byId('chart'));

async function showTotals(signal) {
  try {
    show(await get('/analytics/insights', { signal }));
    byId('trouble').hidden = true;
  } catch (error) {
    setText(byId('trouble'), `These numbers may be old. ${error.message}`);
    byId('trouble').hidden = false;
    throw error;
  }
}

function show(insights) {
  const states = insights.processing_stats;
  const done = states.completed + states.failed;
  figure('contacts', formatNumber(insights.total_contacts), `${formatNumber(insights.contact_status.new)} not answered yet`);
  figure('documents', formatNumber(insights.total_documents), plural(Object.keys(insights.document_types).length, 'type'));
  figure('size', formatSize(insights.total_size),
    insights.total_documents > 0 ? `${formatSize(insights.total_size / insights.total_documents)} on average` : '');
  figure('processed', formatNumber(states.completed), done > 0 ? `${Math.round(100 * states.completed / done)} % without failure` : '');
  byId('as-of').replaceChildren(`As of ${formatDateTime(insights.timestamp)}`);
  bars('by-status', insights.contact_status, (status) => ({
    label: sentence(status), state: status, href: address('/console/contacts', { status }),
  }));
  bars('by-state', states, (state) => ({ label: sentence(state), state, href: address('/console/documents', { status: state }) }));
  bars('by-type', insights.document_types, (type) => ({ label: sentence(type), href: address('/console/documents', { document_type: type }) }));
  bars('by-language', insights.languages, (code) => ({ label: code === 'unknown' ? 'Unknown' : languages.of(code) }));
  byId('top').replaceChildren(insights.top_contacts.length === 0 ? nothing() : h('ol', { class: 'rows' },
    insights.top_contacts.map((contact) => h('li', {},
    h('div', { class: 'grow' },
      h('a', { href: address('/console/contacts', { id: contact.contactId }) }, contact.name),
      h('span', { class: 'hint' }, `${contact.company}, `, 'last ', timeAgo(contact.last_document_upload))),
    h('span', {}, `${plural(contact.total_documents, 'document')}, ${formatSize(contact.total_size)}`)))));
}

function figure(id, value, hint) {
  setText(byId(id), value);
  setText(byId(`${id}-hint`), hint);
}

const nothing = () => h('p', { class: 'hint' }, 'Nothing yet.');

function bars(id, counts, describe) {
  const items = Object.entries(counts).map(([name, value]) => ({ ...describe(name), value }));
  byId(id).replaceChildren(items.every((item) => item.value === 0) ? nothing() : barList(items));
}

const chosen = bindFilters(series, () => time.now());

async function showSeries(signal) {
  const { metric = 'contacts', interval = 'day', ...range } = chosen();
  try {
    const { points } = await get(address('/analytics/timeseries', { metric, interval, ...range }), { signal });
    const total = points.reduce((sum, point) => sum + point.value, 0);
    draw({ title: series.elements.metric.selectedOptions[0].text, unit: units[metric], interval, points });
    setText(byId('chart-hint'), `${plural(total, ...units[metric])} in all.${interval === 'hour' ? '' : ' Days begin at midnight UTC.'}`);
  } catch (error) {
    setText(byId('chart-hint'), error.message);
    throw error;
  }
}

const time = poll(showSeries, refresh);
poll(showTotals, refresh);
