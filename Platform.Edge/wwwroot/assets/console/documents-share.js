// A link that opens a document without signing in, for a time that is chosen.
import { post } from '/assets/console/api.js';
import { openDialog } from '/assets/console/dialog.js';
import { h, icon, whileBusy } from '/assets/console/dom.js';
import { formatDateTime } from '/assets/console/format.js';

/** In seconds; the service allows a minute to four weeks. */
const lifetimes = [[3600, 'One hour'], [86400, 'One day'], [604800, 'One week'], [2419200, 'Four weeks']];
const usual = 86400;

export function shareDocument(document) {
  const failure = h('p', { class: 'notice bad', role: 'alert', hidden: true });
  const lifetime = h('select', { id: 'share-lifetime', autofocus: true },
    lifetimes.map(([seconds, text]) => h('option', { value: seconds, selected: seconds === usual }, text)));
  const create = h('button', { class: 'button', type: 'submit' }, 'Create link');
  const form = h('form', {
    onsubmit: (event) => {
      event.preventDefault();
      whileBusy(create, async () => {
        try {
          const link = await post(`/documents/${document.document_id}/links`, { expires_in: Number(lifetime.value) });
          content.replaceChildren(...shown(link));
          content.querySelector('input').focus();
        } catch (error) {
          failure.textContent = error.message;
          failure.hidden = false;
        }
      });
    },
  },
  h('p', {}, 'Whoever has the link can download this document without signing in, until the link ends or the document is in the trash.'),
  h('div', {}, h('label', { for: lifetime.id }, 'The link works for'), lifetime),
  failure,
  h('div', { class: 'dialog-actions' },
    h('button', { class: 'button quiet', type: 'button', onclick: () => dialog.close() }, 'Cancel'), create));
  const content = h('div', { class: 'grid' }, form);
  const dialog = openDialog({ title: `Share ${document.filename}`, content });

  function shown(link) {
    const field = h('input', {
      id: 'share-link',
      type: 'text',
      readonly: true,
      value: new URL(link.url, window.location.origin).href,
      onfocus: (event) => event.target.select(),
    });
    const note = h('p', { class: 'hint', role: 'status' });
    const copy = h('button', {
      class: 'button',
      type: 'button',
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(field.value);
          note.textContent = 'Copied.';
        } catch {
          // Browsers allow it over https only, and where the person has not said no.
          field.focus();
          note.textContent = 'This browser does not let the page copy. The link is selected: copy it with the keyboard.';
        }
      },
    }, icon('copy'), 'Copy');
    return [
      h('div', {}, h('label', { for: field.id }, 'The link'), h('div', { class: 'secret' }, field, copy), note),
      h('p', {}, `It ends on ${formatDateTime(link.expires_at)}.`),
      h('div', { class: 'dialog-actions' }, h('button', { class: 'button quiet', type: 'button', onclick: () => dialog.close() }, 'Done')),
    ];
  }
}
