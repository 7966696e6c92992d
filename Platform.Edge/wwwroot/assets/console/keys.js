// API keys: what there is, a new one that is shown once, and the end of one.
import { requireAdministrator } from '/assets/console/access.js';
import { get, post, remove } from '/assets/console/api.js';
import { confirmAction, openDialog } from '/assets/console/dialog.js';
import { h, icon, whileBusy } from '/assets/console/dom.js';
import { chip, timeAgo } from '/assets/console/format.js';
import { createList } from '/assets/console/list.js';
import { toast } from '/assets/console/toast.js';

const scopes = [
  ['read', 'Read', 'see contacts, documents, search and analytics'],
  ['write', 'Write', 'change contacts, upload and delete documents'],
  ['admin', 'Administer', 'manage keys and tasks, read the audit log'],
];

function createKey(list) {
  const failure = h('p', { class: 'notice bad', role: 'alert', hidden: true });
  const name = h('input', {
    id: 'key-name', name: 'name', type: 'text', maxlength: 100, required: true, autocomplete: 'off', autofocus: true,
    'aria-describedby': 'key-name-hint',
  });
  const submit = h('button', { class: 'button', type: 'submit' }, 'Create key');
  const form = h('form', {
    novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      whileBusy(submit, () => send(new FormData(form)));
    },
  },
  h('div', {}, h('label', { for: name.id }, 'Name'), name,
    h('p', { class: 'hint', id: 'key-name-hint' }, 'Which program uses it. The audit log shows this name.')),
  h('fieldset', {}, h('legend', {}, 'It may'), scopes.map(([scope, title, text]) => h('label', { class: 'check' },
    h('input', { type: 'checkbox', name: 'scopes', value: scope, checked: scope === 'read' }),
    h('div', {}, title, h('span', {}, text))))),
  failure,
  h('div', { class: 'dialog-actions' }, h('button', { class: 'button quiet', type: 'button', onclick: () => dialog.close() }, 'Cancel'), submit));
  const dialog = openDialog({ title: 'Create an API key', content: form });

  function refuse(text, field) {
    failure.textContent = text;
    failure.hidden = false;
    form.querySelectorAll('[aria-invalid]').forEach((element) => element.removeAttribute('aria-invalid'));
    field?.setAttribute('aria-invalid', 'true');
    field?.focus();
  }

  async function send(values) {
    if (values.get('name').trim() === '') {
      refuse('Give the key a name.', name);
      return;
    }

    if (!values.has('scopes')) {
      refuse('Choose what the key may do.', form.querySelector('[name="scopes"]'));
      return;
    }

    try {
      const created = await post('/admin/api/keys', { name: values.get('name'), scopes: values.getAll('scopes') });
      dialog.close();
      showKey(created);
      list.reload();
    } catch (error) {
      refuse(error.message, error.fields?.name ? name : null);
    }
  }
}

function showKey(created) {
  const value = h('input', { id: 'new-key', type: 'text', readonly: true, value: created.key, onfocus: (event) => event.target.select() });
  const copied = h('p', { class: 'hint', role: 'status' });
  const copy = h('button', {
    class: 'button',
    type: 'button',
    autofocus: true,
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(created.key);
        copied.textContent = 'Copied.';
      } catch {
        // Browsers allow it over https only, and where the person has not said no.
        value.focus();
        copied.textContent = 'This browser does not let the page copy. The key is selected: copy it with the keyboard.';
      }
    },
  }, icon('copy'), 'Copy');
  const dialog = openDialog({
    title: `Key “${created.name}” is created`,
    content: h('div', { class: 'grid' },
      h('p', { class: 'notice' }, h('strong', {}, 'Copy it now.'), ' It is not kept anywhere and will not be shown again.'),
      h('div', {}, h('label', { for: value.id }, 'The key'), h('div', { class: 'secret' }, value, copy), copied),
      h('div', { class: 'dialog-actions' }, h('button', { class: 'button quiet', type: 'button', onclick: () => dialog.close() }, 'Done'))),
  });
}

async function revoke(key, list) {
  const revoked = await confirmAction({
    title: `Revoke “${key.name}”?`,
    text: 'Whatever still uses this key is refused from now on. This cannot be undone; a new key can be created at any time.',
    action: 'Revoke key',
    run: () => remove(`/admin/api/keys/${key.id}`),
  });
  if (revoked) {
    toast(`“${key.name}” does not open anything any more.`);
    await list.reload();
  }
}

function start() {
  const list = createList(document.getElementById('list'), {
    caption: 'API keys',
    noun: ['key', 'keys'],
    key: (key) => key.id,
    columns: [
      { title: 'Name', className: 'title-cell', cell: (key) => h('strong', {}, key.name) },
      { title: 'May', cell: (key) => key.scopes.join(', ') },
      { title: 'Created', className: 'nowrap', cell: (key) => timeAgo(key.created_at) },
      { title: 'Last used', className: 'nowrap', cell: (key) => (key.last_used_at ? timeAgo(key.last_used_at) : 'never') },
      {
        title: 'State',
        className: 'nowrap',
        cell: (key) => (key.revoked_at ? [chip('revoked'), h('span', { class: 'sub' }, timeAgo(key.revoked_at))] : chip('active')),
      },
      {
        title: '',
        className: 'actions-cell',
        cell: (key) => (key.revoked_at ? [] : h('button', {
          class: 'button quiet small danger', type: 'button', 'aria-label': `Revoke ${key.name}`, onclick: () => revoke(key, list),
        }, 'Revoke')),
      },
    ],
    load: async ({ signal }) => ({ items: (await get('/admin/api/keys', { signal })).keys, next: null }),
    empty: () => ['No keys yet', 'Create one for each program that is to use the API.', null],
  });
  const create = document.getElementById('create');
  create.hidden = false;
  create.addEventListener('click', () => createKey(list));
  return list.reload();
}

if (requireAdministrator()) {
  await start();
}
