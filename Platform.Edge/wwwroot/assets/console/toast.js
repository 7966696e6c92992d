// Short messages at the edge of the page: what was done, and what failed.
import { h, icon } from '/assets/console/dom.js';

const lifetime = 6000;
const most = 4;

const done = h('div', { role: 'status' });
const failed = h('div', { role: 'alert' });
const region = h('div', { class: 'toasts' }, done, failed);
document.body.append(region);

// A dialog takes everything outside of it out of reach, so the messages are in the topmost one as long as it is open.
const top = () => [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
document.addEventListener('close', () => top().append(region), { capture: true });

/**
 * Shows a message, which goes by itself unless somebody is at it, or it tells of a failure.
 * @param action What can be done about it: { label, run }.
 */
export function toast(message, { isError = false, action = null } = {}) {
  if (region.parentElement !== top()) {
    top().append(region);
  }

  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    item.remove();
  };
  const item = h('div', { class: 'toast', 'data-state': isError ? 'failed' : null },
    h('p', {}, message),
    action && h('button', { class: 'link', type: 'button', onclick: () => { close(); action.run(); } }, action.label),
    h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Dismiss', onclick: close }, icon('close')));
  const wait = () => {
    clearTimeout(timer);
    timer = isError ? 0 : setTimeout(close, lifetime);
  };
  const hold = () => clearTimeout(timer);
  item.addEventListener('pointerenter', hold);
  item.addEventListener('focusin', hold);
  item.addEventListener('pointerleave', wait);
  item.addEventListener('focusout', wait);
  (isError ? failed : done).append(item);
  while (region.querySelectorAll('.toast').length > most) {
    region.querySelector('.toast').remove();
  }

  wait();
}

/** Tells of a failure, unless the page itself has given up the call. */
export function toastError(error, action = null) {
  if (error.name !== 'AbortError') {
    toast(error.message, { isError: true, action });
  }
}
