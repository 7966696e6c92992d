// One document: a look at it, what is known about it, and everything that can be done with it.
import { address, get, patch, post, remove } from '/assets/console/api.js';
import { confirmAction, openDialog } from '/assets/console/dialog.js';
import { contactLink } from '/assets/console/documents-contact.js';
import { createPreview, downloadPath, viewPath } from '/assets/console/documents-preview.js';
import { shareDocument } from '/assets/console/documents-share.js';
import { h, setText, whileBusy } from '/assets/console/dom.js';
import { chip, formatDateTime, formatSize, plural, sentence, timeAgo } from '/assets/console/format.js';
import { poll } from '/assets/console/poll.js';
import { isAdministrator } from '/assets/console/session.js';
import { toast, toastError } from '/assets/console/toast.js';
import { isUnfinished } from '/assets/console/upload-queue.js';

const interval = 1000;
const languages = new Intl.DisplayNames(navigator.languages?.[0] ?? 'en', { type: 'language' });
const entityNames = { emails: 'E-mail addresses', phones: 'Telephone numbers', urls: 'Web addresses', dates: 'Dates', amounts: 'Amounts' };

const pathOf = (id) => `/documents/${id}`;

/** What processing has to say about a document, as a sentence; empty when that is nothing. */
export function reasonOf({ processing_status: status, processing_note: note }) {
  if (!note) {
    return status === 'failed' ? 'It could not be read, and the reason is not known.' : '';
  }

  return /[.!?]$/.test(note) ? note : `${note}.`;
}

/**
 * Moves a document to the trash, and offers to take it back.
 * @param onLeave Called with the id of a document that is not where it was.
 * @param onReturn Called when one has been restored.
 */
export async function moveToTrash(document, { onLeave, onReturn }) {
  try {
    await remove(pathOf(document.document_id));
    onLeave(document.document_id);
    toast(`${document.filename} is in the trash.`, { action: { label: 'Undo', run: () => restore(document, { onReturn }) } });
    return true;
  } catch (error) {
    toastError(error);
    return false;
  }
}

/** Takes a document out of the trash. */
export async function restore(document, { onReturn }) {
  try {
    await post(`${pathOf(document.document_id)}/restore`);
    onReturn();
    toast(`${document.filename} is back.`);
    return true;
  } catch (error) {
    toastError(error);
    return false;
  }
}

/**
 * Opens the drawer of a document.
 * @param known The document, if it is at hand.
 * @param onChange Called with the document whenever it has changed.
 * @returns The dialog.
 */
export function openDocument({ id, known, onChange, onLeave, onReturn, onClose }) {
  const closed = new AbortController();
  const content = h('div', { 'aria-busy': 'true' }, Array.from({ length: 3 }, () => h('span', { class: 'skeleton' })));
  let item = known;
  let editor = null;
  let following = null;
  const dialog = openDialog({
    title: known?.filename ?? 'Document',
    className: 'drawer',
    content,
    mayClose: () => !editor?.isChanged() || confirmAction({
      title: 'Leave without saving?', text: 'Your changes have not been saved.', action: 'Leave without saving', run: async () => {},
    }),
    onClose: () => {
      closed.abort();
      following?.stop();
      onClose();
    },
  });

  const state = h('div', { class: 'document-state' });
  const facts = h('div', {});
  const insights = h('div', {});

  function show() {
    setText(dialog.querySelector('h2'), item.filename);
    content.removeAttribute('aria-busy');
    const preview = item.deleted_at ? null : createPreview(item, closed.signal);
    const parts = [state, actions(), preview && h('section', { class: 'part-of', 'aria-label': 'Preview' }, preview), facts, insights];
    content.replaceChildren(...parts.filter(Boolean));
    showFacts();
    showProcessing();
  }

  function showProcessing() {
    state.replaceChildren(
      item.deleted_at
        ? h('p', { class: 'notice' }, 'In the trash since ', timeAgo(item.deleted_at), '. It cannot be found or opened until it is restored.') : '',
      h('p', { role: 'status' }, chip(item.processing_status), ' ', isUnfinished(item) ? 'The document is being read.' : reasonOf(item)));
    insights.replaceChildren(...insightsOf(item));
    if (isUnfinished(item) && !following) {
      following = poll(follow, interval);
    } else if (!isUnfinished(item)) {
      following?.stop();
      following = null;
    }
  }

  async function follow(signal) {
    const now = await get(pathOf(id), { signal });
    if (JSON.stringify(now) !== JSON.stringify(item)) {
      item = now;
      showProcessing();
      onChange(item);
    }
  }

  function actions() {
    const view = viewPath(item);
    const link = (href, text, properties) => h('a', { class: 'button quiet small', href, ...properties }, text);
    const press = (text, run, className = '') => h('button', {
      class: `button quiet small ${className}`, type: 'button', onclick: (event) => whileBusy(event.currentTarget, run),
    }, text);
    if (item.deleted_at) {
      return isAdministrator && h('div', { class: 'page-actions part-of' }, press('Restore', putBack), press('Delete for good', purge, 'danger'));
    }

    return h('div', { class: 'page-actions part-of' },
      view && link(view, 'Open', { target: '_blank', rel: 'noopener' }),
      link(downloadPath(item), 'Download', { download: item.filename }),
      isAdministrator && [
        press('Share', async () => shareDocument(item)),
        press('Read again', reprocess),
        press('Move to trash', throwAway, 'danger'),
      ]);
  }

  async function throwAway() {
    if (await moveToTrash(item, { onLeave, onReturn })) {
      editor = null;
      dialog.close();
    }
  }

  async function putBack() {
    if (await restore(item, { onReturn })) {
      dialog.close();
    }
  }

  async function purge() {
    const purged = await confirmAction({
      title: 'Delete for good?',
      text: `${item.filename} and everything that is known about it are deleted. This cannot be undone.`,
      action: 'Delete for good',
      run: () => remove(address(pathOf(id), { purge: true })),
    });
    if (purged) {
      onLeave(id);
      dialog.close();
      toast(`${item.filename} is deleted.`);
    }
  }

  async function reprocess() {
    try {
      await post(`${pathOf(id)}/reprocess`);
      item = { ...item, processing_status: 'pending', processing_note: null };
      showProcessing();
      onChange(item);
    } catch (error) {
      toastError(error);
    }
  }

  function showFacts() {
    editor = null;
    const edit = h('button', { class: 'button quiet small', type: 'button', onclick: () => showEditor() }, 'Edit');
    facts.replaceChildren(h('section', { class: 'part-of', 'aria-label': 'Details' },
      h('div', { class: 'part-head' }, h('h3', {}, 'Details'), isAdministrator && !item.deleted_at && edit),
      h('dl', { class: 'facts-list' },
        fact('Contact', contactLink(item.contact_id)),
        fact('Type', sentence(item.document_type)),
        fact('Tags', item.tags.length > 0 ? h('span', { class: 'tags' }, item.tags.map(tagLink)) : 'none'),
        item.description && fact('Description', h('span', { class: 'lines' }, item.description)),
        fact('Size', formatSize(item.size)),
        fact('Kind', `${item.file_extension.slice(1).toUpperCase()}, ${item.content_type}`),
        fact('Uploaded', [timeAgo(item.upload_timestamp), `, ${formatDateTime(item.upload_timestamp)}`]),
        item.duplicate_of && fact('Same content', h('a', { href: address('/console/documents', { id: item.duplicate_of }) }, 'an older document')),
        fact('Reference', h('code', {}, item.document_id)),
        fact('SHA-256', h('code', {}, item.sha256)))));
    return edit;
  }

  function showEditor() {
    const text = { type: 'text', autocomplete: 'off' };
    const type = h('input', { ...text, id: 'edit-type', maxlength: 100, list: 'document-types', value: item.document_type });
    const tags = h('input', { ...text, id: 'edit-tags', maxlength: 2600, 'aria-describedby': 'edit-tags-hint', value: item.tags.join(', ') });
    const description = h('textarea', { id: 'edit-description', rows: 3, maxlength: 1000 }, item.description);
    const failure = h('p', { class: 'notice bad', role: 'alert', hidden: true });
    const save = h('button', { class: 'button small', type: 'submit' }, 'Save');
    const fields = { document_type: type, tags, description };
    const before = Object.values(fields).map((field) => field.value);
    editor = { isChanged: () => Object.values(fields).some((field, index) => field.value !== before[index]) };
    const form = h('form', {
      class: 'part-of',
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        whileBusy(save, async () => {
          try {
            item = await patch(pathOf(id), {
              document_type: type.value, description: description.value, tags: tags.value.split(',').map((tag) => tag.trim()).filter(Boolean),
            });
            showFacts().focus();
            onChange(item);
          } catch (error) {
            setText(failure, error.message);
            failure.hidden = false;
            Object.entries(fields).forEach(([name, field]) => field.setAttribute('aria-invalid', String(name in (error.fields ?? {}))));
            form.querySelector('[aria-invalid="true"]')?.focus();
          }
        });
      },
    },
    h('h3', {}, 'Details'),
    h('div', {}, h('label', { for: type.id }, 'Type'), type),
    h('div', {}, h('label', { for: tags.id }, 'Tags'), tags, h('p', { class: 'hint', id: 'edit-tags-hint' }, 'Separated by commas')),
    h('div', {}, h('label', { for: description.id }, 'Description'), description),
    failure,
    h('div', { class: 'dialog-actions' },
      h('button', { class: 'button quiet small', type: 'button', onclick: () => showFacts().focus() }, 'Cancel'), save));
    facts.replaceChildren(form);
    type.focus();
  }

  async function load() {
    try {
      const found = await get(pathOf(id), { signal: closed.signal, allow: [404] });
      item = found.document_id ? found : await get(address(pathOf(id), { trashed: true }), { signal: closed.signal });
      onChange(item);
      show();
    } catch (error) {
      if (!closed.signal.aborted) {
        const isGone = error.status === 404;
        content.removeAttribute('aria-busy');
        content.replaceChildren(
          h('p', { class: 'notice bad', role: 'alert' }, isGone ? 'There is no such document. It may have been deleted.' : error.message),
          isGone ? '' : h('p', {}, h('button', { class: 'link', type: 'button', onclick: load }, 'Try again')));
      }
    }
  }

  if (item) {
    show();
  } else {
    load();
  }

  return dialog;
}

const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));

const tagLink = (tag) => h('a', { class: 'chip', href: address('/console/search', { tags: tag }) }, tag);

/** What reading has found out: words and their number, language, and what stands out in the text. */
function insightsOf(item) {
  const { properties = {}, entities = {}, line_count: lines, is_truncated: isCut } = item.processing_metadata ?? {};
  if (item.processing_status !== 'completed') {
    return [];
  }

  const counts = [
    [item.word_count, 'word'], [item.character_count, 'character'], [lines, 'line'],
  ].filter(([count]) => count > 0).map(([count, what]) => plural(count, what));
  const rows = [
    item.language_detected && fact('Language', languages.of(item.language_detected)),
    counts.length > 0 && fact('Length', counts.join(', ')),
    item.complexity_score !== null && counts.length > 0 && fact('Complexity', h('span', {},
      h('meter', { min: 0, max: 1, value: item.complexity_score, 'aria-label': 'Complexity' }),
      ` ${Math.round(100 * item.complexity_score)} of 100`)),
    item.keywords.length > 0 && fact('Keywords', h('span', { class: 'tags' },
      item.keywords.map((word) => h('a', { class: 'chip', href: address('/console/search', { q: word }) }, word)))),
    ...Object.entries(entities).filter(([, values]) => values.length > 0).map(([name, values]) => fact(
      entityNames[name], h('ul', {}, values.map((value) => h('li', {}, value))))),
    ...Object.entries(properties).map(([name, value]) => fact(sentence(name), value)),
  ].filter(Boolean);
  return rows.length === 0 ? [] : [h('section', { class: 'part-of', 'aria-label': 'What is in it' },
    h('h3', {}, 'What is in it'),
    isCut && h('p', { class: 'hint' }, 'The text is very long; only its beginning was looked at.'),
    h('dl', { class: 'facts-list' }, rows))];
}
