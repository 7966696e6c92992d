// Versions and sizes, the last backup, and the rebuilding of the search index.
import { requireAdministrator } from '/assets/console/access.js';
import { address, get, post } from '/assets/console/api.js';
import { confirmAction } from '/assets/console/dialog.js';
import { h, icon, setText, whileBusy } from '/assets/console/dom.js';
import { formatDateTime, formatNumber, formatSize, plural, timeAgo } from '/assets/console/format.js';
import { poll } from '/assets/console/poll.js';
import { stateOf } from '/assets/console/task.js';

const interval = 1500;
const target = document.getElementById('system');
const again = document.getElementById('again');
const progress = h('div', { class: 'part-of', hidden: true });

const box = (title, facts, ...more) => h('section', { class: 'box', 'aria-label': title },
  h('div', { class: 'box-head' }, h('h2', {}, title)),
  h('div', { class: 'box-body' },
    h('dl', { class: 'facts-list' }, facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))), ...more));

const countsOf = (tasks) => Object.entries(tasks)
  .map(([state, count]) => `${formatNumber(count)} ${stateOf({ state }).toLowerCase()}`).join(', ');

function backupFacts({ error, enabled, items, due_at: due, destination }) {
  if (error || !enabled) {
    return [['State', error?.message ?? 'off']];
  }

  return [
    ['Last', items.length > 0 ? timeAgo(items[0].created_at) : 'none yet'], ['Next', due ? timeAgo(due) : 'on request'],
    ['Archives', formatNumber(items.length)], ['Kept in', destination],
  ];
}

async function load() {
  if (target.childElementCount === 0) {
    const place = () => h('div', { class: 'box box-body' }, Array.from({ length: 4 }, () => h('span', { class: 'skeleton' })));
    target.replaceChildren(h('div', { class: 'grid halves', 'aria-hidden': 'true' }, Array.from({ length: 5 }, place)));
  }

  try {
    const [{ version, runtime, timestamp, database, storage, search, tasks }, backups] = await Promise.all([
      get('/admin/api/system-info'), get('/admin/api/backups').catch((error) => ({ error }))]);
    const rebuild = h('button', { class: 'button quiet small', type: 'button', onclick: () => askRebuild() }, 'Rebuild the search index');
    target.replaceChildren(h('div', { class: 'grid halves' },
      box('Service', [
        ['Version', version], ['Runtime', runtime], ['Time there', formatDateTime(timestamp)],
        ['Tasks', h('a', { href: '/console/tasks' }, countsOf(tasks))],
      ]),
      box('Database', [
        ['PostgreSQL', database.version], ['On disk', formatSize(database.size)], ['Connections', formatNumber(database.connections)],
        ['Contacts', formatNumber(database.contacts)],
        ['Documents', `${formatNumber(database.documents)}, and ${formatNumber(database.trash)} in the trash`],
      ]),
      box('Object store', [
        ['Objects', `${storage.is_complete ? '' : 'at least '}${formatNumber(storage.objects)}`],
        ['Size', `${storage.is_complete ? '' : 'at least '}${formatSize(storage.bytes)}`],
        ['Of documents', formatSize(database.document_bytes)],
      ]),
      box('Search', [
        ['Engine', search.engine], ['Documents', formatNumber(search.documents)], ['State', search.is_indexing ? 'indexing' : 'up to date'],
      ], h('p', { class: 'part-of' }, rebuild), progress),
      box('Backups', backupFacts(backups), h('p', { class: 'part-of' }, h('a', { href: '/console/backups' }, 'All backups')))));
  } catch (error) {
    target.replaceChildren(h('section', { class: 'box nothing' },
      h('div', { role: 'alert' }, h('h2', {}, 'This could not be loaded'), h('p', {}, error.message)),
      h('button', { class: 'button quiet small', type: 'button', onclick: load }, icon('retry'), 'Try again')));
  }
}

async function askRebuild() {
  let started = null;
  const agreed = await confirmAction({
    title: 'Rebuild the search index?',
    text: 'A new index is built from all documents beside the one that serves, which it then replaces. Searching goes on meanwhile.',
    action: 'Rebuild',
    run: async () => { started = await post('/admin/api/search/reindex'); },
  });
  if (agreed) {
    await followRebuild(started.task_id);
  }
}

function followRebuild(id) {
  const text = h('p', { role: 'status' }, 'The rebuilding is in the queue.');
  const bar = h('progress', { 'aria-label': 'Rebuilding the search index' });
  progress.replaceChildren(text, bar);
  progress.hidden = false;
  const following = poll(async (signal) => {
    const { tasks } = await get(address('/admin/api/tasks', { kind: 'reindex', limit: 10 }), { signal });
    const task = tasks.find((candidate) => candidate.id === id);
    if (task?.state === 'running') {
      setText(text, `The index is being rebuilt, ${plural(task.attempts, 'attempt')} so far.`);
    } else if (task?.state === 'completed' || task?.state === 'failed') {
      following.stop();
      await load();
      progress.replaceChildren(h('p', { role: 'status' },
        task.state === 'completed' ? 'The index was rebuilt ' : `Rebuilding failed: ${task.last_error ?? 'no reason is known'} `,
        timeAgo(task.finished_at), '.'));
    }
  }, interval);
}

if (requireAdministrator()) {
  again.addEventListener('click', () => whileBusy(again, load));
  await load();
}
