// Screens that only administrators may see say so to everybody else, instead of failing one call after the other.
import { h } from '/assets/console/dom.js';
import { isAdministrator } from '/assets/console/session.js';

/** Whether this screen goes on: otherwise it has said why not, in place of everything below its heading. */
export function requireAdministrator() {
  if (!isAdministrator) {
    const main = document.getElementById('main');
    main.replaceChildren(main.querySelector('.page-head'), h('section', { class: 'box nothing' },
      h('h2', {}, 'For administrators'),
      h('p', {}, 'Your role can look at contacts, documents and analytics. Ask an administrator if you need this screen.')));
    main.querySelector('.page-actions, .live')?.remove();
  }

  return isAdministrator;
}
