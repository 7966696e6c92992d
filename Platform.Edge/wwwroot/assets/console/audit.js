// The audit log: who did what, newest first.
import { requireAdministrator } from '/assets/console/access.js';
import { address, get } from '/assets/console/api.js';
import { h } from '/assets/console/dom.js';
import { bindFilters } from '/assets/console/filters.js';
import { formatDateTime, sentence, timeAgo } from '/assets/console/format.js';
import { createList } from '/assets/console/list.js';

const screens = { contact: '/console/contacts', document: '/console/documents', key: '/console/keys' };

/** A link to the screen of something, by the end of its id, which tells ids apart as well as the whole. */
const link = (kind, id) => h('a', { href: address(screens[kind], { id }), title: id }, `${sentence(kind)} ${id.slice(-8)}`);

function subjectOf(entry) {
  const [kind, id] = entry.subject.split(/:(.*)/);
  return screens[kind] && id ? link(kind, id) : entry.subject;
}

function detailsOf(entry) {
  const { contact_id: contact, from, to, ...others } = entry.details;
  const details = [
    from && to && `${sentence(from)} → ${to}`,
    contact && link('contact', contact),
    ...Object.entries(others).map(([name, value]) => `${sentence(name)}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ].filter(Boolean);
  return details.length === 0 ? [] : h('ul', {}, details.map((detail) => h('li', {}, detail)));
}

function start() {
  const form = document.getElementById('filters');
  const filters = bindFilters(form, () => list.reload());
  const list = createList(document.getElementById('list'), {
    caption: 'Audit log',
    noun: ['entry', 'entries'],
    key: (entry) => entry.id,
    columns: [
      { title: 'Action', className: 'title-cell', cell: (entry) => h('strong', {}, sentence(entry.action.replace('.', ' '))) },
      { title: 'Who', className: 'roomy', cell: (entry) => entry.actor },
      { title: 'To what', className: 'nowrap', cell: (entry) => [subjectOf(entry)] },
      { title: 'Details', cell: detailsOf },
      {
        title: 'When',
        className: 'nowrap',
        cell: (entry) => h('span', {}, timeAgo(entry.at), h('span', { class: 'sub' }, formatDateTime(entry.at))),
      },
    ],
    load: async ({ cursor, signal }) => {
      const page = await get(address('/admin/api/audit', { ...filters(), cursor, limit: 50 }), { signal });
      return { items: page.entries, next: page.next_cursor };
    },
    empty: () => (Object.values(filters()).some(Boolean)
      ? ['No entry matches', 'Who, action and subject have to match exactly.',
        h('button', { class: 'button quiet small', type: 'button', onclick: () => form.reset() }, 'Clear filters')]
      : ['No entries yet', 'What people and programs change is recorded here.', null]),
  });
  return list.reload();
}

if (requireAdministrator()) {
  await start();
}
