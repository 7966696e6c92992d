// The queue of the work on documents, followed while it is looked at.
import { requireAdministrator } from '/assets/console/access.js';
import { address, get, post } from '/assets/console/api.js';
import { h, setText, whileBusy } from '/assets/console/dom.js';
import { bindFilters } from '/assets/console/filters.js';
import { chip, formatDuration, formatNumber, timeAgo } from '/assets/console/format.js';
import { createList } from '/assets/console/list.js';
import { poll } from '/assets/console/poll.js';
import { documentNames, reasonOf, stateOf, titleOf } from '/assets/console/task.js';
import { toast, toastError } from '/assets/console/toast.js';

const pageSize = 25;
const interval = 3000;

/** By id. */
let names = new Map();

function timing(task) {
  if (task.state === 'queued') {
    return new Date(task.run_at) > new Date() ? ['next try ', timeAgo(task.run_at)] : ['since ', timeAgo(task.created_at)];
  }

  return task.finished_at ? [timeAgo(task.finished_at), h('span', { class: 'sub' }, `took ${formatDuration(task.started_at, task.finished_at)}`)]
    : ['since ', timeAgo(task.started_at)];
}

function again(task) {
  if (task.state !== 'failed' || !task.document_id) {
    return null;
  }

  const button = h('button', { class: 'button quiet small', type: 'button' }, task.kind === 'process' ? 'Try again' : 'Process again');
  button.addEventListener('click', () => whileBusy(button, async () => {
    try {
      await post(`/documents/${task.document_id}/reprocess`);
      toast(`${names.get(task.document_id)} is in the queue again.`);
      await live.now();
    } catch (error) {
      toastError(error.status === 404 ? new Error('The document is not there any more, so there is nothing to process.') : error);
    }
  }));
  return button;
}

function start() {
  const filters = bindFilters(document.getElementById('filters'), () => list.reload());
  const list = createList(document.getElementById('list'), {
    caption: 'Tasks',
    noun: ['task', 'tasks'],
    key: (task) => task.id,
    columns: [
      {
        title: 'Task',
        className: 'title-cell',
        cell: (task) => [
          h('strong', {}, titleOf(task)),
          h('span', { class: 'sub' }, task.document_id
            ? h('a', { href: address('/console/documents', { id: task.document_id }) }, names.get(task.document_id))
            : 'all documents'),
        ],
      },
      { title: 'State', className: 'nowrap beside', cell: (task) => chip(task.state, stateOf(task)) },
      { title: 'When', className: 'nowrap beside', cell: (task) => h('span', {}, timing(task)) },
      { title: 'Reason', className: 'bare', cell: (task) => [reasonOf(task)] },
      { title: 'Attempts', className: 'number minor', cell: (task) => formatNumber(task.attempts) },
      { title: 'Asked by', className: 'minor roomy', cell: (task) => task.requested_by },
      { title: '', className: 'actions-cell', cell: (task) => [again(task)].filter(Boolean) },
    ],
    load: async ({ cursor, signal }) => {
      const { tasks } = await get(address('/admin/api/tasks', { ...filters(), before: cursor, limit: pageSize }), { signal });
      names = await documentNames(tasks, signal);
      return { items: tasks, next: tasks.length === pageSize ? tasks.at(-1).id : null };
    },
    empty: () => (Object.values(filters()).some(Boolean)
      ? ['No such task', 'Nothing is in this state, or of this kind, at the moment.', null]
      : ['No tasks yet', 'They appear as soon as a document is uploaded.',
        h('a', { class: 'button quiet small', href: '/console/documents' }, 'Go to documents')]),
  });

  return { list, loaded: list.reload() };
}

async function follow({ list, loaded }, signal) {
  const dot = document.getElementById('live-dot');
  const text = document.getElementById('live');
  await loaded;
  try {
    const [{ processing_stats: states }] = await Promise.all([get('/analytics/insights', { signal }), list.refresh()]);
    Object.entries(states).forEach(([state, count]) => setText(document.getElementById(state), formatNumber(count)));
    dot.dataset.state = 'ok';
    setText(text, 'Live');
  } catch (error) {
    dot.dataset.state = 'bad';
    setText(text, `Not up to date. ${error.message}`);
    throw error;
  }
}

let live = null;
if (requireAdministrator()) {
  const started = start();
  live = poll((signal) => follow(started, signal), interval);
}
