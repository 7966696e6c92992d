// The part of the page that uploads: files dropped anywhere on it or chosen, what they are, and what becomes of each.
import { address } from '/assets/console/api.js';
import { bindContactPicker } from '/assets/console/documents-contact.js';
import { h, icon, setText } from '/assets/console/dom.js';
import { chip, formatSize, plural } from '/assets/console/format.js';
import { createUploadQueue, isUnfinished } from '/assets/console/upload-queue.js';

const most = 200;
/** Milliseconds after which the speed says something. */
const warmUp = 1000;

const locale = navigator.languages?.[0];
const byId = (id) => document.getElementById(id);

/** The time that is left at the speed so far: "about 2 minutes left". */
function timeLeft(sent, size, startedAt) {
  const elapsed = performance.now() - startedAt;
  if (sent === 0 || elapsed < warmUp || sent >= size) {
    return '';
  }

  const seconds = Math.ceil((size - sent) * elapsed / sent / 1000);
  const [unit, length] = seconds < 60 ? ['second', 1] : seconds < 3600 ? ['minute', 60] : ['hour', 3600];
  const time = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(seconds / length));
  return `, about ${time} left`;
}

/**
 * @param onStored Called whenever a document has been stored.
 * @param onOpen Called with the event and the id when a link to a document is followed.
 * @returns The queue (upload-queue.js).
 */
export function createUploadPanel({ onStored, onOpen }) {
  const panel = byId('upload');
  const form = byId('upload-form');
  const files = byId('upload-files');
  const list = byId('upload-list');
  const failure = byId('upload-failure');
  const start = byId('upload-start');
  const total = byId('upload-total');
  const rows = new Map();
  const picker = bindContactPicker(byId('upload-contact'));
  const queue = createUploadQueue((entry) => {
    if (entry.state === 'stored' && !rows.get(entry).told) {
      rows.get(entry).told = true;
      onStored();
    }

    showEntry(entry);
    showTotal();
  });

  function open() {
    panel.hidden = false;
    panel.scrollIntoView({ block: 'nearest' });
  }

  function add(chosen) {
    const room = Math.max(0, most - queue.entries.length);
    open();
    queue.add(chosen.slice(0, room)).forEach((entry) => {
      addRow(entry);
      showEntry(entry);
    });
    complain(chosen.length > room ? `At most ${most} files at a time: ${plural(chosen.length - room, 'file')} left out.` : '');
    showTotal();
    if (queue.entries.some((entry) => entry.state === 'ready')) {
      (firstMissing() ?? start).focus();
    }
  }

  function addRow(entry) {
    const name = h('span', { class: 'upload-name' }, entry.file.name);
    const bar = h('progress', { max: Math.max(entry.file.size, 1), value: 0, 'aria-label': `Progress of ${entry.file.name}` });
    const text = h('p', { class: 'hint upload-text' });
    const state = h('span');
    const buttons = h('span', { class: 'upload-buttons' });
    const element = h('li', {}, h('div', { class: 'upload-head' }, name, state, buttons), bar, text);
    rows.set(entry, { element, name, bar, text, state, buttons, shown: '' });
    list.append(element);
  }

  function drop(entry) {
    const { element } = rows.get(entry);
    const next = (element.nextElementSibling ?? element.previousElementSibling)?.querySelector('button') ?? byId('upload-choose');
    rows.delete(entry);
    element.remove();
    queue.remove(entry);
    showTotal();
    next.focus();
  }

  const link = (id, text) => h('a', { href: address('/console/documents', { id }), onclick: (event) => onOpen(event, id) }, text);

  const button = (text, entry, action) => h(
    'button', { class: 'button quiet small', type: 'button', 'aria-label': `${text} ${entry.file.name}`, onclick: () => action(entry) }, text);

  function showEntry(entry) {
    const row = rows.get(entry);
    const { file, state, sent } = entry;
    row.bar.value = sent;
    row.bar.hidden = state !== 'sending' && state !== 'waiting';
    if (state === 'sending') {
      setText(row.text, sent >= file.size ? 'Sent. The service is checking it.'
        : `${formatSize(sent)} of ${formatSize(file.size)}${timeLeft(sent, file.size, entry.startedAt)}`);
    } else {
      row.text.replaceChildren(...describe(entry));
    }

    // Buttons are left alone while only numbers change: they may have the focus.
    const shown = `${state} ${entry.document?.processing_status}`;
    if (row.shown !== shown) {
      row.shown = shown;
      row.element.dataset.state = state;
      row.state.replaceChildren(stateOf(entry));
      const held = row.buttons.contains(document.activeElement);
      row.buttons.replaceChildren(...buttonsOf(entry));
      if (entry.document) {
        row.name.replaceChildren(link(entry.document.document_id, entry.document.filename));
      }

      if (held) {
        (row.buttons.querySelector('button') ?? byId('upload-choose')).focus();
      }
    }
  }

  function describe({ file, state, error, document: stored }) {
    if (error) {
      return [error.message];
    }

    const note = stored?.processing_note ? ` ${stored.processing_note}` : '';
    const texts = {
      ready: formatSize(file.size),
      waiting: `${formatSize(file.size)}, waiting for its turn`,
      stored: stored?.processing_status === 'gone' ? 'It has been deleted meanwhile.'
        : `${formatSize(file.size)}, stored.${stored && isUnfinished(stored) ? ' It is being read.' : note}`,
    };
    return stored?.duplicate_of
      ? [`${texts.stored} `, link(stored.duplicate_of, 'Another document has the same content.')]
      : [texts[state]];
  }

  function stateOf({ state, document: stored }) {
    return stored ? chip(stored.processing_status)
      : {
        ready: chip('ready'), waiting: chip('pending', 'Waiting'), sending: chip('running', 'Sending'), failed: chip('failed', 'Not stored'),
      }[state];
  }

  function buttonsOf(entry) {
    const { state, error } = entry;
    // What is wrong with the request is wrong again.
    const hope = error && (error.status === 0 || error.status === 200 || error.status === 429 || error.status >= 500);
    return {
      ready: [button('Remove', entry, drop)],
      waiting: [button('Cancel', entry, drop)],
      sending: [button('Cancel', entry, drop)],
      failed: [hope && button('Try again', entry, queue.retry), button('Remove', entry, drop)].filter(Boolean),
      stored: [],
    }[state];
  }

  function showTotal() {
    const { entries } = queue;
    const ready = entries.filter((entry) => entry.state === 'ready').length;
    const started = entries.filter((entry) => entry.state !== 'ready');
    const stored = started.filter((entry) => entry.state === 'stored').length;
    const failed = started.filter((entry) => entry.state === 'failed').length;
    setText(start, ready === 0 ? 'Upload' : `Upload ${plural(ready, 'file')}`);
    total.hidden = started.length === 0;
    byId('upload-clear').hidden = stored + failed === 0;
    if (started.length === 0) {
      return;
    }

    const tried = started.filter((entry) => entry.state !== 'failed');
    const size = tried.reduce((sum, entry) => sum + entry.file.size, 0);
    const sent = tried.reduce((sum, entry) => sum + entry.sent, 0);
    const bar = total.querySelector('progress');
    bar.max = Math.max(size, 1);
    bar.value = sent;
    const began = Math.min(...started.map((entry) => entry.startedAt ?? Number.POSITIVE_INFINITY));
    setText(byId('upload-sum'), `${formatSize(sent)} of ${formatSize(size)}${queue.isSending() ? timeLeft(sent, size, began) : ''}`);
    setText(byId('upload-count'), `${stored} of ${plural(started.length, 'file')} stored${failed > 0 ? `, ${failed} not` : ''}`);
  }

  function clear() {
    queue.entries.filter((entry) => ['stored', 'failed'].includes(entry.state)).forEach((entry) => {
      rows.get(entry).element.remove();
      rows.delete(entry);
      queue.remove(entry);
    });
    showTotal();
    byId('upload-choose').focus();
  }

  function complain(text) {
    failure.hidden = text === '';
    setText(failure, text);
  }

  const required = [
    ['upload-contact-name', () => form.elements.contact_id.value !== '', 'Choose the contact that the documents belong to.'],
    ['upload-type', () => form.elements.document_type.value.trim() !== '', 'Say what type of document they are.'],
  ];

  const firstMissing = () => {
    const missing = required.find(([, isGiven]) => !isGiven());
    return missing && byId(missing[0]);
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    required.forEach(([id]) => byId(id).removeAttribute('aria-invalid'));
    const missing = firstMissing();
    if (missing) {
      complain(required.find(([id]) => id === missing.id)[2]);
      missing.setAttribute('aria-invalid', 'true');
      missing.focus();
      return;
    }

    if (!queue.entries.some((entry) => entry.state === 'ready')) {
      complain('Choose files first, or drop them on the page.');
      byId('upload-choose').focus();
      return;
    }

    complain('');
    total.hidden = false;
    total.scrollIntoView({ block: 'nearest' });
    queue.start(Object.fromEntries(['contact_id', 'document_type', 'description', 'tags'].map((name) => [name, form.elements[name].value.trim()])));
  });
  files.addEventListener('change', () => {
    add([...files.files]);
    files.value = '';
  });
  byId('upload-choose').addEventListener('click', () => files.click());
  byId('upload-clear').addEventListener('click', clear);
  byId('upload-open').addEventListener('click', () => {
    open();
    byId('upload-choose').focus();
  });
  byId('upload-close').addEventListener('click', () => {
    panel.hidden = true;
    byId('upload-open').focus();
  });
  window.addEventListener('beforeunload', (event) => {
    if (queue.isSending()) {
      event.preventDefault();
    }
  });
  acceptDrops(add);
  const contact = new URLSearchParams(window.location.search).get('contact');
  if (contact) {
    picker.choose(contact);
    open();
  }

  showTotal();
  return queue;
}

/** Takes files that are dropped anywhere on the page, and shows that it would. */
function acceptDrops(add) {
  const overlay = h('div', { class: 'drop-overlay', 'aria-hidden': 'true', hidden: true }, h('p', {}, icon('plus'), 'Drop the files to upload them'));
  document.body.append(overlay);
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files') && !document.querySelector('dialog[open]');
  // Leaving one element for another is not leaving the page: that has nothing it goes to.
  document.addEventListener('dragenter', (event) => { overlay.hidden = !hasFiles(event); });
  document.addEventListener('dragleave', (event) => { overlay.hidden ||= event.relatedTarget === null; });
  document.addEventListener('dragover', (event) => {
    if (hasFiles(event)) {
      event.preventDefault();
    }
  });
  document.addEventListener('drop', (event) => {
    overlay.hidden = true;
    if (hasFiles(event)) {
      event.preventDefault();
      // A folder looks like a file and cannot be read.
      const isFolder = (item) => item.webkitGetAsEntry?.()?.isDirectory;
      add([...event.dataTransfer.items].filter((item) => item.kind === 'file' && !isFolder(item)).map((item) => item.getAsFile()));
    }
  });
}
