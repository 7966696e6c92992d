// The list of contacts, with its filters; a contact itself is a drawer beside it (contact.js), and ?id= in the address.
import { address, download, get } from '/assets/console/api.js';
import { openContact, statusField } from '/assets/console/contact.js';
import { h, whileBusy } from '/assets/console/dom.js';
import { bindFilters } from '/assets/console/filters.js';
import { formatNumber, timeAgo } from '/assets/console/format.js';
import { leave } from '/assets/console/leave.js';
import { createList } from '/assets/console/list.js';
import { toastError } from '/assets/console/toast.js';

const notSpecified = 'Not specified';
const form = document.getElementById('filters');
const csv = document.getElementById('csv');

const filters = bindFilters(form, () => list.reload());

const list = createList(document.getElementById('list'), {
  caption: 'Contacts',
  noun: ['contact', 'contacts'],
  key: (contact) => contact.contactId,
  columns: [
    {
      title: 'Name',
      className: 'title-cell',
      cell: (contact) => [
        h('a', { class: 'whole', href: addressOf(contact.contactId), onclick: (event) => follow(event, contact) }, contact.name),
        h('span', { class: 'sub' }, contact.email),
      ],
    },
    {
      title: 'Message',
      className: 'bare',
      cell: (contact) => h('span', { class: 'clip' },
        contact.service !== notSpecified && h('strong', {}, `${contact.service}: `), contact.message),
    },
    { title: 'Source', className: 'minor', cell: (contact) => contact.source },
    { title: 'Received', className: 'nowrap beside', cell: (contact) => timeAgo(contact.timestamp) },
    { title: 'Status', className: 'nowrap beside', cell: (contact) => statusField(contact, changed) },
  ],
  load: async ({ cursor, signal }) => {
    const page = await get(address('/contacts', { ...filters(), cursor, limit: 25 }), { signal });
    return { items: page.contacts, next: page.next_cursor };
  },
  empty: () => (Object.values(filters()).some(Boolean)
    ? ['No contact matches', 'Try fewer words or a longer time.',
      h('button', { class: 'button quiet small', type: 'button', onclick: () => form.reset() }, 'Clear filters')]
    : ['No contacts yet', 'Who writes through the contact form of the site appears here.',
      h('a', { class: 'button quiet small', href: '/contact.html' }, 'Open the contact form')]),
});

function addressOf(id) {
  const url = new URL(window.location.href);
  url.searchParams.set('id', id);
  return url.pathname + url.search;
}

function follow(event, contact) {
  // A new tab or window is the browser's to open.
  if (event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    window.history.pushState({ opened: true }, '', addressOf(contact.contactId));
    show(contact);
  }
}

let drawer = null;

function show(known = null) {
  const id = new URLSearchParams(window.location.search).get('id');
  drawer?.close();
  const opened = id && openContact({
    id,
    known,
    onChange: changed,
    onErase: () => {
      list.remove(id);
      count();
    },
    onClose: () => {
      if (drawer === opened) {
        drawer = null;
      }

      leave(id);
    },
  });
  drawer = opened;
}

function changed(contact) {
  list.update(contact);
  count();
}

async function count() {
  try {
    const { total_contacts: all, contact_status: byStatus } = await get('/analytics/insights');
    document.querySelectorAll('[data-count]').forEach((element) => {
      element.textContent = formatNumber({ all, ...byStatus }[element.dataset.count] ?? 0);
    });
  } catch {
    // The list says what is wrong; the numbers on its tabs are only an addition.
  }
}

csv.addEventListener('click', () => whileBusy(csv, () => download(address('/contacts', filters()), 'text/csv', 'contacts.csv').catch(toastError)));
window.addEventListener('popstate', () => show());
show();
await Promise.all([list.reload(), count()]);
