// Dialogs: the browser's own <dialog>, which keeps the focus inside and gives it back.
import { h, icon, whileBusy } from '/assets/console/dom.js';

let count = 0;

/**
 * Opens a modal dialog.
 * @param content The elements below the title.
 * @param className `drawer` for a panel at the side.
 * @param mayClose Asked before the person closes it; false keeps it open.
 * @param onClose Called when it has been closed.
 * @returns The element, whose close() closes it.
 */
export function openDialog({ title, content, className = '', mayClose = () => true, onClose = () => {} }) {
  count += 1;
  const heading = h('h2', { id: `dialog-title-${count}` }, title);
  const dialog = h('dialog', { class: className, 'aria-labelledby': heading.id },
    h('div', { class: 'dialog-head' }, heading,
      h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Close', onclick: leave }, icon('close'))),
    h('div', { class: 'dialog-body' }, content));
  async function leave() {
    if (await mayClose()) {
      dialog.close();
    }
  }

  dialog.addEventListener('cancel', (event) => {
    // A file input inside sends the same event.
    if (event.target === dialog) {
      event.preventDefault();
      leave();
    }
  });
  // Only the backdrop, and only when the press began there: who selects text does not close anything.
  let pressed = null;
  dialog.addEventListener('pointerdown', (event) => { pressed = event.target; });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog && pressed === dialog) {
      leave();
    }
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Asks before something that cannot be undone.
 * @param action The words on the button.
 * @param run What the button does; the dialog stays and says why when it fails.
 * @param phrase What has to be typed first, if anything.
 */
export function confirmAction({ title, text, action, run, phrase = null }) {
  return new Promise((resolve) => {
    const failure = h('p', { class: 'notice bad', role: 'alert', hidden: true });
    const typed = phrase && h('input', { id: 'phrase', type: 'text', autocomplete: 'off', spellcheck: 'false', autofocus: true });
    const confirm = h('button', { class: 'button danger', type: 'submit' }, action);
    let confirmed = false;
    const form = h('form', {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        if (phrase && typed.value.trim() !== phrase) {
          failure.textContent = `Type “${phrase}” to confirm.`;
          failure.hidden = false;
          typed.setAttribute('aria-invalid', 'true');
          typed.focus();
          return;
        }

        whileBusy(confirm, async () => {
          try {
            await run();
            confirmed = true;
            dialog.close();
          } catch (error) {
            failure.textContent = error.message;
            failure.hidden = false;
          }
        });
      },
    },
    h('p', {}, text),
    phrase && h('div', {}, h('label', { for: 'phrase' }, 'Type ', h('strong', {}, phrase), ' to confirm'), typed),
    failure,
    h('div', { class: 'dialog-actions' },
      h('button', { class: 'button quiet', type: 'button', autofocus: !phrase, onclick: () => dialog.close() }, 'Cancel'),
      confirm));
    const dialog = openDialog({ title, content: form, onClose: () => resolve(confirmed) });
  });
}
