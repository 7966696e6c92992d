// Every page of the console: "/" goes to the search field of the page, or to the search, and "3 minutes ago" stays true.
import { setText } from '/assets/console/dom.js';
import { formatRelative } from '/assets/console/format.js';

const minute = 60000;

document.addEventListener('keydown', (event) => {
  const typing = event.target.closest?.('input, select, textarea, dialog, [contenteditable]');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }

  event.preventDefault();
  const field = document.querySelector('main input[type="search"]');
  if (field) {
    field.focus();
    field.select();
  } else {
    window.location.assign('/console/search');
  }
});

setInterval(() => document.querySelectorAll('time.ago').forEach((time) => setText(time, formatRelative(time.dateTime))), minute);
