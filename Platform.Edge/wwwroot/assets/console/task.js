// The words for a task.
import { address, get } from '/assets/console/api.js';

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

/** The names of documents, as far as they are known: tasks have ids only. */
const names = new Map();

/** The names of the documents of these tasks, by id. */
export async function documentNames(tasks, signal) {
  const unknown = () => tasks.filter((task) => task.document_id && !names.has(task.document_id));
  if (unknown().length > 0) {
    const { documents } = await get(address('/documents', { limit: 100 }), { signal });
    documents.forEach((document) => names.set(document.document_id, document.filename));
    // What is older, or in the trash, keeps its id, and is not asked for each time.
    unknown().forEach((task) => names.set(task.document_id, `Document ${task.document_id.slice(-8)}`));
  }

  return names;
}
