// One contact: what was written, where it stands, notes, documents, export and erasure.
import { address, download, get, patch, remove } from '/assets/console/api.js';
import { confirmAction, openDialog } from '/assets/console/dialog.js';
import { h, icon, whileBusy } from '/assets/console/dom.js';
import { chip, formatDateTime, formatSize, sentence, timeAgo } from '/assets/console/format.js';
import { isAdministrator } from '/assets/console/session.js';
import { toast, toastError } from '/assets/console/toast.js';

/** Where a contact can go from each status. */
const nextStatus = { new: ['contacted', 'closed'], contacted: ['closed'], closed: ['contacted'] };
const shownDocuments = 20;
const notesLength = 5000;

const path = (id) => `/contacts/${encodeURIComponent(id)}`;

/** The status of a contact, which an administrator can change: at once here, and back again when the service refuses. */
export function statusField(contact, onChange) {
  if (!isAdministrator) {
    return chip(contact.status);
  }

  const field = h('select', {
    class: 'chip',
    'data-state': contact.status,
    'aria-label': `Status of ${contact.name}`,
    onchange: () => changeStatus(contact, field.value, onChange),
  }, [contact.status, ...nextStatus[contact.status]].map((status) => h('option', { value: status }, sentence(status))));
  return h('span', { class: 'chip-select' }, field);
}

async function changeStatus(contact, status, onChange) {
  onChange({ ...contact, status });
  try {
    const changed = await patch(path(contact.contactId), { status });
    onChange(changed);
    const back = nextStatus[status].includes(contact.status);
    toast(`${contact.name} is now ${status}.`, {
      action: back ? { label: 'Undo', run: () => changeStatus(changed, contact.status, onChange) } : null,
    });
  } catch (error) {
    onChange(contact);
    toastError(error, { label: 'Try again', run: () => changeStatus(contact, status, onChange) });
  }
}

/**
 * Opens the drawer of a contact.
 * @param known The contact, if it is at hand.
 * @param onChange Called with the contact whenever it has changed.
 * @returns The dialog.
 */
export function openContact({ id, known, onChange, onErase, onClose }) {
  const closed = new AbortController();
  const content = h('div', { 'aria-busy': 'true' }, Array.from({ length: 3 }, () => h('span', { class: 'skeleton' })));
  let notes = null;
  let contact = known;
  const unsaved = () => notes && notes.value !== contact.notes;
  const dialog = openDialog({
    title: known?.name ?? 'Contact',
    className: 'drawer',
    content,
    mayClose: () => !unsaved() || confirmAction({
      title: 'Leave without saving?', text: 'Your notes have not been saved.', action: 'Leave without saving', run: async () => {},
    }),
    onClose: () => {
      closed.abort();
      onClose();
    },
  });

  function changed(now) {
    contact = now;
    const status = content.querySelector('[data-part="status"]');
    const held = status.contains(document.activeElement);
    status.replaceChildren(statusField(contact, changed));
    if (held) {
      status.querySelector('select')?.focus();
    }

    onChange(contact);
  }

  function show() {
    dialog.querySelector('h2').textContent = contact.name;
    content.removeAttribute('aria-busy');
    const documents = h('div', {}, h('span', { class: 'skeleton' }));
    const exported = h('button', { class: 'button quiet small', type: 'button' }, icon('download'), 'Export everything as a zip');
    exported.addEventListener('click', () => whileBusy(
      exported, () => download(`${path(id)}/export`, 'application/zip', `${id}.zip`).catch(toastError)));
    content.replaceChildren(
      h('dl', { class: 'facts-list' },
        fact('Status', h('span', { 'data-part': 'status' }, statusField(contact, changed))),
        fact('E-mail', h('a', { href: `mailto:${contact.email}` }, contact.email)),
        fact('Company', contact.company),
        fact('About', contact.service),
        fact('Budget', contact.budget),
        fact('Received', [timeAgo(contact.timestamp), `, ${formatDateTime(contact.timestamp)}`]),
        fact('Source', contact.pageUrl ? `${contact.source} (${contact.pageUrl})` : contact.source),
        contact.last_updated && fact('Changed', timeAgo(contact.last_updated)),
        fact('Reference', h('code', {}, contact.contactId))),
      h('section', { class: 'part-of', 'aria-label': 'Message' }, h('h3', {}, 'Message'), h('p', { class: 'quote' }, contact.message)),
      notesSection(),
      h('section', { class: 'part-of', 'aria-label': 'Documents' }, h('h3', {}, 'Documents'), documents),
      h('section', { class: 'part-of page-actions', 'aria-label': 'Everything about this contact' },
        exported,
        isAdministrator && h('button', { class: 'button quiet small danger', type: 'button', onclick: erase }, icon('trash'), 'Erase this contact')));
    showDocuments(documents);
  }

  function notesSection() {
    if (!isAdministrator) {
      return contact.notes && h('section', { class: 'part-of', 'aria-label': 'Notes' },
        h('h3', {}, 'Notes'), h('p', { class: 'quote' }, contact.notes));
    }

    notes = h('textarea', { id: 'notes', name: 'notes', rows: 4, maxlength: notesLength });
    notes.value = contact.notes;
    const save = h('button', { class: 'button quiet small', type: 'submit' }, 'Save notes');
    const note = h('span', { class: 'hint', role: 'status' });
    notes.addEventListener('input', () => { note.textContent = unsaved() ? 'Not saved yet.' : ''; });
    return h('form', {
      class: 'part-of',
      onsubmit: (event) => {
        event.preventDefault();
        whileBusy(save, async () => {
          try {
            changed(await patch(path(id), { notes: notes.value }));
            note.textContent = 'Saved.';
          } catch (error) {
            note.textContent = `Not saved: ${error.message}`;
          }
        });
      },
    }, h('div', {}, h('label', { for: 'notes' }, 'Notes, seen only here'), notes), h('p', { class: 'send' }, save, note));
  }

  async function showDocuments(target) {
    try {
      const page = await get(address(`${path(id)}/documents`, { limit: shownDocuments }), { signal: closed.signal });
      target.replaceChildren(page.documents.length === 0
        ? h('p', { class: 'hint' }, 'None yet.')
        : h('ul', { class: 'rows' }, page.documents.map((document) => h('li', {},
          h('div', { class: 'grow' },
            h('a', { href: address('/console/documents', { id: document.document_id }) }, document.filename),
            h('span', { class: 'hint' }, `${formatSize(document.size)}, ${formatDateTime(document.upload_timestamp)}`)),
          chip(document.processing_status)))));
      if (page.total_count > page.documents.length) {
        target.append(h('p', {}, h('a', { href: address('/console/documents', { contact_id: id }) }, `All ${page.total_count} documents`)));
      }
    } catch (error) {
      if (!closed.signal.aborted) {
        target.replaceChildren(
          h('p', { role: 'alert' }, error.message),
          h('button', { class: 'link', type: 'button', onclick: () => showDocuments(target) }, 'Try again'));
      }
    }
  }

  async function erase() {
    const erased = await confirmAction({
      title: `Erase ${contact.name}?`,
      text: 'The message, the notes, all documents and everything else that is held about this contact are deleted for good. This cannot be undone.',
      action: 'Erase for good',
      phrase: contact.email,
      run: () => remove(path(id)),
    });
    if (erased) {
      notes = null;
      dialog.close();
      onErase();
      toast(`${contact.name} has been erased.`);
    }
  }

  async function load() {
    try {
      contact = await get(path(id), { signal: closed.signal });
      onChange(contact);
      show();
    } catch (error) {
      if (!closed.signal.aborted) {
        content.removeAttribute('aria-busy');
        content.replaceChildren(
          h('p', { class: 'notice bad', role: 'alert' }, error.status === 404 ? 'There is no such contact. It may have been erased.' : error.message),
          error.status === 404 ? '' : h('p', {}, h('button', { class: 'link', type: 'button', onclick: load }, 'Try again')));
      }
    }
  }

  if (contact) {
    show();
  } else {
    load();
  }

  return dialog;
}

const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));
