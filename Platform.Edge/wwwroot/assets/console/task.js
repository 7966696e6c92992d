// The words for a task.
const kinds = { process: 'Read and analyse', index: 'Update in the search', unindex: 'Take out of the search', reindex: 'Rebuild the search index' };
const states = { queued: 'Waiting', running: 'Running', completed: 'Done', failed: 'Failed' };

export const titleOf = (task) => kinds[task.kind] ?? task.kind;

export const stateOf = (task) => states[task.state] ?? task.state;

/** Why it failed, or why it waits. */
export function reasonOf(task) {
  if (task.last_error) {
    const said = task.last_error.charAt(0).toUpperCase() + task.last_error.slice(1);
    return /[.!?]$/.test(said) ? said : `${said}.`;
  }

  return task.state === 'failed' ? 'It failed without saying why.' : '';
}
