// A list that is fetched page by page: a table on a desktop, cards on a phone, with its loading, empty and error states.
import { h, icon, setText, whileBusy } from '/assets/console/dom.js';
import { plural } from '/assets/console/format.js';

const skeletonRows = 6;
const most = 1000;
const interactive = 'a[href], button, input, select, textarea';

/**
 * @param container Where the list stands.
 * @param caption What it is a list of, for screen readers.
 * @param noun [one, many], for the count below.
 * @param columns Each { title, cell, className }; cell makes the content from an item. A column without a title has actions.
 * @param key Makes what an item is known by.
 * @param load Fetches a page: ({ cursor, signal }) => { items, next }; the first has no cursor, the last no next.
 * @param empty Says what to do when there is nothing: () => [title, text, element].
 * @returns { reload, refresh, update, remove, items }.
 */
export function createList(container, { caption, noun, columns, key, load, empty }) {
  const body = h('tbody', { role: 'rowgroup' });
  const table = h('table', { class: 'list', role: 'table' },
    h('caption', { class: 'visually-hidden' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map((column) => h(
      'th', { role: 'columnheader', scope: 'col', class: column.className },
      column.title || h('span', { class: 'visually-hidden' }, 'Actions'))))),
    body);
  const message = h('div', { class: 'list-message', hidden: true });
  const count = h('span', { role: 'status' });
  const more = h('button', { class: 'button quiet small', type: 'button', hidden: true, onclick: () => whileBusy(more, loadMore) }, 'Load more');
  const foot = h('div', { class: 'list-foot' }, count, more);
  container.replaceChildren(table, message, foot);

  /** Of the rows that are shown, by key: the item, as it was when its row was made, and the row. */
  let rows = new Map();
  let next = null;
  let pages = 0;
  let current = null;

  function row(item) {
    return h('tr', { role: 'row' }, columns.map((column) => h(
      'td', { role: 'cell', class: column.className, 'data-label': column.title || null }, column.cell(item))));
  }

  /** Puts an item in the place of a row that it has changed; the focus stays where it was. */
  function put(item, before = null) {
    const id = key(item);
    const state = JSON.stringify(item);
    const known = rows.get(id);
    if (known?.state === state) {
      known.item = item;
      return;
    }

    const made = { item, state, row: row(item) };
    rows.set(id, made);
    if (known) {
      const focused = [...known.row.querySelectorAll(interactive)].indexOf(document.activeElement);
      known.row.replaceWith(made.row);
      made.row.querySelectorAll(interactive)[focused]?.focus();
    } else {
      body.insertBefore(made.row, before);
    }
  }

  function showState() {
    const nothing = rows.size === 0;
    table.hidden = nothing;
    foot.hidden = nothing;
    message.hidden = !nothing;
    if (nothing) {
      const [title, text, action] = empty();
      message.replaceChildren(h('h2', {}, title), h('p', {}, text), action ?? '');
    }

    more.hidden = next === null || rows.size >= most;
    setText(count, `${plural(rows.size, ...noun)}${more.hidden ? '' : ', and more'}`);
    if (next !== null && rows.size >= most) {
      setText(count, `The newest ${plural(rows.size, ...noun)}. Narrow the list down to see others.`);
    }
  }

  function showError(error) {
    table.hidden = true;
    foot.hidden = true;
    message.hidden = false;
    message.replaceChildren(h('div', { role: 'alert' }, h('h2', {}, 'This list could not be loaded'), h('p', {}, error.message)),
      h('button', { class: 'button quiet small', type: 'button', onclick: reload }, icon('retry'), 'Try again'));
  }

  /** Loads the list from its beginning. What was shown stays, dimmed, until the answer is there. */
  async function reload() {
    current?.abort();
    const request = new AbortController();
    current = request;
    if (rows.size === 0) {
      body.replaceChildren(...Array.from({ length: skeletonRows }, () => h('tr', { class: 'skeleton-row', role: 'row', 'aria-hidden': 'true' },
        columns.map((column) => h('td', { role: 'cell', class: column.className }, h('span', { class: 'skeleton' }))))));
      table.hidden = false;
      message.hidden = true;
    }

    container.setAttribute('aria-busy', 'true');
    try {
      const page = await load({ cursor: null, signal: request.signal });
      rows = new Map();
      body.replaceChildren();
      page.items.forEach((item) => put(item));
      next = page.next;
      pages = 1;
      showState();
    } catch (error) {
      if (current !== request) {
        return;
      }

      rows = new Map();
      body.replaceChildren();
      showError(error);
    }

    container.removeAttribute('aria-busy');
  }

  async function loadMore() {
    const request = current;
    try {
      const page = await load({ cursor: next, signal: request.signal });
      const first = page.items[0];
      page.items.forEach((item) => put(item));
      next = page.next;
      pages += 1;
      showState();
      if (more.hidden && first) {
        rows.get(key(first)).row.querySelector(interactive)?.focus();
      }
    } catch (error) {
      if (current === request) {
        more.hidden = false;
        setText(count, `More could not be loaded: ${error.message}`);
      }
    }
  }

  /** Brings the first page up to date without a flicker: for lists that are looked at while they change. */
  async function refresh() {
    const request = current;
    if (container.getAttribute('aria-busy') === 'true' || !request) {
      return;
    }

    const page = await load({ cursor: null, signal: request.signal });
    if (current !== request) {
      return;
    }

    const ids = new Set(page.items.map(key));
    if (pages === 1) {
      [...rows].filter(([id]) => !ids.has(id)).forEach(([id, known]) => {
        known.row.remove();
        rows.delete(id);
      });
      next = page.next;
    }

    let before = body.firstChild;
    for (const item of page.items) {
      put(item, before);
      before = rows.get(key(item)).row.nextSibling;
    }

    showState();
    if (rows.size > most) {
      await reload();
    }
  }

  return {
    reload,
    refresh,
    /** Shows an item as it is now, if it is in the list. */
    update(item) {
      if (rows.has(key(item))) {
        put(item);
      }
    },
    remove(id) {
      rows.get(id)?.row.remove();
      rows.delete(id);
      showState();
    },
    items: () => [...rows.values()].map((known) => known.item),
  };
}
