// The home page: the state of the service and the visitor counter, as they are now.
const state = document.getElementById('now-state');
const dot = document.getElementById('now-dot');
const visits = document.getElementById('now-visits');

async function ask(path) {
  try {
    const answer = await fetch(path, { headers: { Accept: 'application/json' }, credentials: 'omit', signal: AbortSignal.timeout(8000) });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

const [health, stats] = await Promise.all([ask('/health'), ask('/stats')]);
const well = health?.status === 'healthy';
dot.dataset.state = well ? 'ok' : 'bad';
state.textContent = well ? 'works' : 'has a problem, see the status page';
visits.textContent = Number.isInteger(stats?.visitor_count) ? stats.visitor_count.toLocaleString('en') : 'cannot be read at the moment';
