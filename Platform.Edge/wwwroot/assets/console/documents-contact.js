// Contacts as documents refer to them: their names, and a field to find one (the combobox pattern of WAI-ARIA).
import { address, get } from '/assets/console/api.js';
import { h, setText } from '/assets/console/dom.js';

const pause = 200;
const shown = 8;

/** By id: the promise of a name. */
const names = new Map();

function nameOf(id) {
  if (!names.has(id)) {
    names.set(id, get(`/contacts/${encodeURIComponent(id)}`).then((contact) => contact.name).catch(() => {
      names.delete(id);
      return `Contact ${id.slice(-8)}`;
    }));
  }

  return names.get(id);
}

/** A link to a contact. Its name is there as soon as it is known. */
export function contactLink(id) {
  const link = h('a', { href: address('/console/contacts', { id }) }, '…');
  nameOf(id).then((name) => setText(link, name));
  return link;
}

/**
 * Makes a combobox of `input[role=combobox]`, `[role=listbox]` and a hidden text field with a name, which has the id of the contact and sends
 * `change` when another one is chosen.
 * @returns { choose }, which chooses the contact with an id, or none.
 */
export function bindContactPicker(container) {
  const field = container.querySelector('[role="combobox"]');
  const options = container.querySelector('[role="listbox"]');
  const value = container.querySelector('[name]');
  let contacts = [];
  let active = -1;
  let chosenName = '';
  let request = null;
  let timer = 0;

  function close() {
    clearTimeout(timer);
    request?.abort();
    options.hidden = true;
    field.setAttribute('aria-expanded', 'false');
    field.removeAttribute('aria-activedescendant');
    active = -1;
  }

  function open(...children) {
    options.replaceChildren(...children);
    options.hidden = false;
    field.setAttribute('aria-expanded', 'true');
  }

  function activate(index) {
    active = index;
    [...options.children].forEach((option, at) => option.setAttribute('aria-selected', String(at === index)));
    const option = options.children[index];
    option?.scrollIntoView({ block: 'nearest' });
    if (option) {
      field.setAttribute('aria-activedescendant', option.id);
    } else {
      field.removeAttribute('aria-activedescendant');
    }
  }

  function set(id, name) {
    close();
    chosenName = name;
    field.value = name;
    field.removeAttribute('aria-invalid');
    if (value.value !== id) {
      value.value = id;
      value.dispatchEvent(new Event('change', { bubbles: true }));
    }
  }

  async function choose(id) {
    value.value = id;
    chosenName = id ? await nameOf(id) : '';
    if (value.value === id) {
      field.value = chosenName;
    }
  }

  const message = (text) => h('li', { class: 'picker-message', role: 'option', 'aria-disabled': 'true', id: `${options.id}-message` }, text);

  async function find() {
    request?.abort();
    request = new AbortController();
    const { signal } = request;
    const text = field.value.trim();
    try {
      const page = await get(address('/contacts', { q: text === chosenName ? '' : text, limit: shown }), { signal });
      contacts = page.contacts;
      active = -1;
      field.removeAttribute('aria-activedescendant');
      open(...(contacts.length === 0 ? [message(text ? 'No contact has this in it.' : 'There are no contacts yet.')]
        : contacts.map((contact, index) => h('li', {
          role: 'option',
          id: `${options.id}-${index}`,
          'aria-selected': 'false',
          // The field keeps the focus.
          onpointerdown: (event) => event.preventDefault(),
          onclick: () => take(index),
        }, h('span', {}, contact.name), h('span', { class: 'hint' }, contact.email)))));
    } catch (error) {
      if (!signal.aborted) {
        contacts = [];
        open(message(error.message));
      }
    }
  }

  function take(index) {
    const contact = contacts[index];
    names.set(contact.contactId, Promise.resolve(contact.name));
    set(contact.contactId, contact.name);
  }

  field.addEventListener('input', (event) => {
    // It is not a value of the form before it is chosen.
    event.stopPropagation();
    clearTimeout(timer);
    timer = setTimeout(find, pause);
  });
  field.addEventListener('change', (event) => event.stopPropagation());
  field.addEventListener('click', () => {
    if (options.hidden) {
      find();
    }
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' && options.hidden) {
      find();
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && contacts.length > 0) {
      activate((active + (event.key === 'ArrowDown' ? 1 : active === -1 ? 0 : -1) + contacts.length) % contacts.length);
    } else if (event.key === 'Enter' && !options.hidden && contacts.length > 0 && (active >= 0 || contacts.length === 1)) {
      take(Math.max(active, 0));
    } else if (event.key === 'Escape' && !options.hidden) {
      field.value = chosenName;
      close();
    } else {
      return;
    }

    event.preventDefault();
  });
  field.addEventListener('blur', () => {
    close();
    if (field.value.trim() === '') {
      set('', '');
    } else {
      field.value = chosenName;
    }
  });
  value.form?.addEventListener('reset', () => {
    chosenName = '';
    close();
  });
  choose(value.value);
  return { choose };
}
