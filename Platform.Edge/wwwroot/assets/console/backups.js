// Backups: the archives that there are, when the next one is due, and how far the one is that is being made.
import { requireAdministrator } from '/assets/console/access.js';
import { get, post, remove } from '/assets/console/api.js';
import { confirmAction } from '/assets/console/dialog.js';
import { h, setText, whileBusy } from '/assets/console/dom.js';
import { chip, formatDuration, formatNumber, formatSize, plural, timeAgo } from '/assets/console/format.js';
import { createList } from '/assets/console/list.js';
import { poll } from '/assets/console/poll.js';
import { toast, toastError } from '/assets/console/toast.js';

const interval = 3000;
const day = 86400;
const triggers = { scheduled: 'by schedule', requested: 'on request' };

const byId = (id) => document.getElementById(id);
const run = byId('run');
const path = (backup) => `/admin/api/backups/${encodeURIComponent(backup.name)}`;
const seconds = (count) => formatDuration(0, count * 1000);

/** The name of what was being made when the page last looked. */
let making = null;

function figure(id, value, hint = '') {
  byId(id).replaceChildren(value);
  setText(byId(`${id}-hint`), hint);
}

function show(state) {
  const { enabled, items, running } = state;
  byId('off').hidden = enabled;
  byId('summary').hidden = !enabled && items.length === 0;
  byId('list').hidden = !enabled && items.length === 0;
  run.hidden = !enabled;
  figure('last', items.length > 0 ? timeAgo(items[0].created_at) : 'None yet', items.length > 0 ? formatSize(items[0].size) : '');
  showNext(state);
  figure('archives', formatNumber(items.length), formatSize(items.reduce((sum, item) => sum + item.size, 0)));
  figure('encryption', state.encrypted ? 'On' : 'Off', state.encrypted ? 'with the key backup-key' : 'backup-key turns it on');
  const { daily, weekly, monthly } = state.keep;
  setText(byId('destination'), enabled
    ? `They go to ${state.destination}. Kept are ${formatNumber(daily)} daily, ${formatNumber(weekly)} weekly and ${formatNumber(monthly)} monthly ones.`
    : '');
  showFailure(state);
  showRunning(running, items);
}

function showNext({ enabled, interval_seconds: each, due_at: due, running }) {
  const hint = each === day ? 'every day' : each > 0 ? `every ${seconds(each)}` : 'no schedule';
  if (running) {
    figure('next', 'Now', hint);
  } else if (!enabled || each === 0 || !due) {
    figure('next', enabled ? 'On request' : 'Never', hint);
  } else {
    figure('next', new Date(due) > new Date() ? timeAgo(due) : 'Due', hint);
  }
}

/** A failure that a later backup has made good is history. */
function showFailure({ last_failure: failure, items }) {
  const notice = byId('failure');
  const isCurrent = failure && !(items.length > 0 && new Date(items[0].created_at) > new Date(failure.at));
  if (isCurrent && notice.dataset.at !== failure.at) {
    notice.replaceChildren(h('strong', {}, 'The last backup failed '), timeAgo(failure.at), `: ${failure.reason}`);
    notice.dataset.at = failure.at;
  }

  notice.hidden = !isCurrent;
}

function showRunning(running, items) {
  byId('running').hidden = !running;
  if (running) {
    setText(byId('running-name'), `${running.name} is being made.`);
    setText(byId('running-hint'), `${plural(running.objects, 'document')} and ${formatSize(running.bytes)} so far, in ${
      formatDuration(running.started_at, Date.now())}.`);
    run.setAttribute('aria-disabled', 'true');
  } else if (!run.classList.contains('busy')) {
    run.removeAttribute('aria-disabled');
  }

  if (making && running?.name !== making && items.some((item) => item.name === making)) {
    toast(`${making} is complete.`);
  }

  making = running?.name ?? null;
}

function stateOf(backup) {
  if (backup.damaged) {
    return [chip('failed', 'Damaged'), h('span', { class: 'sub' }, 'do not restore it')];
  }

  return backup.verified_at ? [chip('completed', 'Verified'), h('span', { class: 'sub' }, timeAgo(backup.verified_at))] : [chip('unknown', 'Not verified')];
}

function actions(backup) {
  const verify = h('button', {
    class: 'button quiet small', type: 'button', 'aria-label': `Verify ${backup.name}`, onclick: () => verifyArchive(verify, backup),
  }, 'Verify');
  return [verify, !backup.is_newest && h('button', {
    class: 'button quiet small danger', type: 'button', 'aria-label': `Delete ${backup.name}`, onclick: () => deleteArchive(backup),
  }, 'Delete')];
}

/** It is read as a whole. What takes long goes on after the answer, and is told by the list. */
const verifyArchive = (button, backup) => whileBusy(button, async () => {
  try {
    const { damaged, verified_at: verifiedAt } = await post(`${path(backup)}/verify`, undefined, { untimed: true });
    if (verifiedAt === backup.verified_at) {
      toast(`${backup.name} is being read. The list tells when it was verified.`);
    } else {
      toast(damaged ? `${backup.name} is damaged.` : `${backup.name} is whole: every checksum is right.`, { isError: damaged });
    }

    await live.now();
  } catch (error) {
    toastError(error);
  }
});

async function deleteArchive(backup) {
  const deleted = await confirmAction({
    title: 'Delete this backup?',
    text: `${backup.name} is removed from where it is kept. This cannot be undone.`,
    action: 'Delete backup',
    run: () => remove(path(backup)),
  });
  if (deleted) {
    toast(`${backup.name} is deleted.`);
    await live.now();
  }
}

function start() {
  const list = createList(byId('list'), {
    caption: 'Backups',
    noun: ['archive', 'archives'],
    key: (backup) => backup.name,
    columns: [
      {
        title: 'Archive',
        className: 'title-cell',
        cell: (backup) => [
          h('strong', {}, backup.name),
          h('span', { class: 'sub' }, [triggers[backup.trigger], backup.encrypted && 'encrypted'].filter(Boolean).join(', ')),
        ],
      },
      { title: 'State', className: 'nowrap beside', cell: stateOf },
      {
        title: 'Made',
        className: 'nowrap beside',
        cell: (backup) => [timeAgo(backup.created_at), backup.trigger && h('span', { class: 'sub' }, `took ${seconds(backup.duration_seconds)}`)],
      },
      {
        title: 'Has',
        className: 'minor roomy',
        cell: (backup) => (backup.trigger ? `${plural(backup.contacts, 'contact')}, ${plural(backup.documents, 'document')}` : 'not known'),
      },
      { title: 'Size', className: 'number nowrap', cell: (backup) => formatSize(backup.size) },
      { title: '', className: 'actions-cell', cell: (backup) => actions(backup).filter(Boolean) },
    ],
    load: async ({ signal }) => {
      const state = await get('/admin/api/backups', { signal });
      show(state);
      // A damaged one is nothing to fall back on.
      const newest = state.items.find((item) => !item.damaged)?.name;
      return { items: state.items.map((item) => ({ ...item, is_newest: item.name === newest })), next: null };
    },
    empty: () => ['No backups yet', 'They appear here by schedule, or as soon as you ask for one.', null],
  });
  run.addEventListener('click', () => whileBusy(run, async () => {
    try {
      await post('/admin/api/backups');
      await live.now();
    } catch (error) {
      toastError(error);
    }
  }));
  return { list, loaded: list.reload() };
}

async function follow({ list, loaded }) {
  const dot = byId('live-dot');
  const text = byId('live');
  await loaded;
  try {
    await list.refresh();
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
  live = poll(() => follow(started), interval);
}
