// The files that are to be uploaded: a few at a time, each on its own. It knows nothing of the page.
import { address, get } from '/assets/console/api.js';
import { upload } from '/assets/console/upload.js';

const atOnce = 3;
const attempts = 5;
/** Seconds that the queue waits by itself when the service asks it to. */
const longestWait = 30;
const newest = 100;
const lookedUp = 10;

/** Whether processing goes on, or will. */
export const isUnfinished = (document) => !document.deleted_at && ['pending', 'processing'].includes(document.processing_status);

/**
 * @param onChange Called with an entry whenever something about it has changed.
 * An entry is { file, state, sent, startedAt, error, document }. Its state is `ready` until it is started, then `waiting`, `sending`,
 * and `stored` or `failed`; `document` is what the service has stored.
 */
export function createUploadQueue(onChange) {
  const entries = [];
  let pause = 0;

  function set(entry, changes) {
    Object.assign(entry, changes);
    onChange(entry);
  }

  function next() {
    if (pause !== 0) {
      return;
    }

    const free = atOnce - entries.filter((entry) => entry.state === 'sending').length;
    entries.filter((entry) => entry.state === 'waiting').slice(0, Math.max(0, free)).forEach(send);
  }

  async function send(entry) {
    entry.abort = new AbortController();
    entry.attempts += 1;
    set(entry, { state: 'sending', sent: 0, startedAt: performance.now(), error: null });
    try {
      const document = await upload({ ...entry, signal: entry.abort.signal, onProgress: (sent) => set(entry, { sent }) });
      set(entry, { state: 'stored', sent: entry.file.size, document });
    } catch (error) {
      if (entry.abort.signal.aborted) {
        // It has been taken out of the queue.
      } else if ([429, 503].includes(error.status) && error.wait <= longestWait && entry.attempts < attempts) {
        set(entry, { state: 'waiting', sent: 0 });
        clearTimeout(pause);
        pause = setTimeout(() => {
          pause = 0;
          next();
        }, error.wait * 1000);
      } else {
        set(entry, { state: 'failed', sent: 0, error });
      }
    }

    next();
  }

  return {
    entries,
    isSending: () => entries.some((entry) => ['waiting', 'sending'].includes(entry.state)),
    isProcessing: () => entries.some((entry) => entry.document && isUnfinished(entry.document)),
    add(files) {
      const added = files.map((file) => ({
        file, fields: {}, key: crypto.randomUUID(), state: 'ready', sent: 0, attempts: 0, error: null, document: null,
      }));
      entries.push(...added);
      return added;
    },
    /** Starts everything that is ready. */
    start(fields) {
      entries.filter((entry) => entry.state === 'ready').forEach((entry) => set(entry, { state: 'waiting', fields }));
      next();
    },
    /** Again under the same key: what had arrived all the same is not stored twice. */
    retry(entry) {
      entry.attempts = 0;
      set(entry, { state: 'waiting', error: null });
      next();
    },
    remove(entry) {
      entries.splice(entries.indexOf(entry), 1);
      entry.abort?.abort();
      next();
    },
    /** Looks up what has become of the documents that are being processed. */
    async follow(signal) {
      const open = entries.filter((entry) => entry.document && isUnfinished(entry.document));
      if (open.length === 0) {
        return;
      }

      const { documents } = await get(address('/documents', { limit: newest }), { signal });
      const byId = new Map(documents.map((document) => [document.document_id, document]));
      const missing = open.filter((entry) => !byId.has(entry.document.document_id)).slice(0, lookedUp);
      await Promise.all(missing.map(async ({ document: { document_id: id } }) => {
        // Whoever has deleted it meanwhile does not wait for it.
        byId.set(id, await get(`/documents/${id}`, { signal, allow: [404] }));
      }));
      for (const entry of open) {
        const now = byId.get(entry.document.document_id);
        if (now) {
          set(entry, { document: { ...entry.document, ...now, processing_status: now.processing_status ?? 'gone' } });
        }
      }
    },
  };
}
