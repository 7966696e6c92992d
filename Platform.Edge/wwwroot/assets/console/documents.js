// The list of documents, with its filters and the uploads; a document itself is a drawer beside it, and ?id= in the address.
import { address, get } from '/assets/console/api.js';
import { contactLink, bindContactPicker } from '/assets/console/documents-contact.js';
import { moveToTrash, openDocument, reasonOf, restore } from '/assets/console/documents-drawer.js';
import { h, icon, whileBusy } from '/assets/console/dom.js';
import { bindFilters } from '/assets/console/filters.js';
import { chip, formatSize, sentence, timeAgo } from '/assets/console/format.js';
import { leave } from '/assets/console/leave.js';
import { createList } from '/assets/console/list.js';
import { poll } from '/assets/console/poll.js';
import { isAdministrator } from '/assets/console/session.js';
import { createUploadPanel } from '/assets/console/upload-panel.js';
import { isUnfinished } from '/assets/console/upload-queue.js';

const pageSize = 25;
const interval = 1500;
const commonTypes = ['contract', 'invoice', 'presentation', 'proposal', 'report', 'resume'];

const form = document.getElementById('filters');
const filters = bindFilters(form, () => list.reload());
bindContactPicker(document.getElementById('contact-filter'));

const list = createList(document.getElementById('list'), {
  caption: 'Documents',
  noun: ['document', 'documents'],
  key: (item) => item.document_id,
  columns: [
    {
      title: 'Document',
      className: 'title-cell',
      cell: (item) => [
        h('a', { class: 'whole', href: addressOf(item.document_id), onclick: (event) => follow(event, item.document_id, item) }, item.filename),
        h('span', { class: 'sub clip' }, item.description),
      ],
    },
    { title: 'Contact', className: 'linked', cell: (item) => contactLink(item.contact_id) },
    {
      title: 'Type',
      cell: (item) => h('span', {}, sentence(item.document_type), h('span', { class: 'sub clip' }, item.tags.join(', '))),
    },
    { title: 'Size', className: 'number nowrap', cell: (item) => formatSize(item.size) },
    { title: 'Uploaded', className: 'nowrap beside', cell: (item) => timeAgo(item.upload_timestamp) },
    {
      title: 'Processing',
      className: 'beside',
      cell: (item) => [chip(item.processing_status), h('span', { class: 'sub' }, item.processing_status === 'failed' ? reasonOf(item) : '')],
    },
    { title: '', className: 'actions-cell', cell: (item) => (isAdministrator ? action(item) : []) },
  ],
  load: async ({ cursor, signal }) => {
    const page = await get(address('/documents', { ...filters(), cursor, limit: pageSize }), { signal });
    return { items: page.documents, next: page.next_cursor };
  },
  empty: () => {
    const { trashed, ...others } = filters();
    return Object.values(others).some(Boolean)
      ? ['No document matches', 'Choose fewer filters.',
        h('button', { class: 'button quiet small', type: 'button', onclick: () => form.reset() }, 'Clear filters')]
      : trashed ? ['The trash is empty', 'What is moved to the trash can be restored from here for some time.', null]
        : ['No documents yet', isAdministrator ? 'Drop files on this page to upload them.' : 'They appear here as soon as they are uploaded.', null];
  },
});

/** The button at the end of a row. */
function action(item) {
  const [text, run, look, content] = item.deleted_at
    ? ['Restore', restore, 'button quiet small', 'Restore']
    : ['Move to trash', moveToTrash, 'icon-button', icon('trash')];
  return h('button', {
    class: look,
    type: 'button',
    title: text,
    'aria-label': `${text}: ${item.filename}`,
    onclick: (event) => whileBusy(event.currentTarget, () => run(item, changes)),
  }, content);
}

const changes = {
  onChange: (item) => list.update(item),
  onLeave: (id) => list.remove(id),
  onReturn: () => list.reload(),
};

function addressOf(id) {
  const url = new URL(window.location.href);
  url.searchParams.set('id', id);
  return url.pathname + url.search;
}

/** Opens a document without leaving the page, on which uploads may be running. */
function follow(event, id, known) {
  // A new tab or window is the browser's to open.
  if (event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    window.history.pushState({ opened: true }, '', addressOf(id));
    show(known);
  }
}

let drawer = null;

function show(known = null) {
  const id = new URLSearchParams(window.location.search).get('id');
  drawer?.close();
  const opened = id && openDocument({
    id,
    known,
    ...changes,
    onClose: () => {
      // Another one may have taken its place.
      drawer = drawer === opened ? null : drawer;
      leave(id);
    },
  });
  drawer = opened;
}

async function suggestTypes() {
  let used = [];
  try {
    used = Object.keys((await get('/analytics/insights')).document_types);
  } catch {
    // Types are typed as well as chosen.
  }

  const types = [...new Set([...used, ...commonTypes])].sort();
  document.getElementById('document-types').replaceChildren(...types.map((type) => h('option', { value: type })));
}

window.addEventListener('popstate', () => show());
show();
const uploads = isAdministrator ? createUploadPanel({
  onStored: () => list.refresh().catch(() => { /* The next round tells. */ }),
  onOpen: follow,
}) : null;
document.getElementById('upload-open').hidden = !isAdministrator;
await Promise.all([list.reload(), suggestTypes()]);

// What is being processed is looked at until it is done, and no longer.
poll(async (signal) => {
  await Promise.all([
    list.items().some(isUnfinished) ? list.refresh() : null,
    uploads?.isProcessing() ? uploads.follow(signal) : null,
  ]);
}, interval);
