// Does something again and again while somebody looks.
const longest = 60000;

/**
 * Runs an asynchronous task now and then every `interval` milliseconds, not while the page is hidden, and less often while it fails.
 * The task gets an AbortSignal. Returns what runs it at once and what ends it.
 */
export function poll(task, interval) {
  const ended = new AbortController();
  let timer = 0;
  let failures = 0;
  let running = null;

  async function round() {
    clearTimeout(timer);
    try {
      running ??= task(ended.signal);
      await running;
      failures = 0;
    } catch {
      // The task has shown what is wrong; here it only counts.
      failures += 1;
    } finally {
      running = null;
    }

    clearTimeout(timer);
    if (!ended.signal.aborted && !document.hidden) {
      const wait = Math.min(interval * 2 ** failures, Math.max(longest, interval));
      // Many open pages do not ask at the same moment.
      timer = setTimeout(round, wait * (0.9 + Math.random() * 0.2));
    }
  }

  const changed = () => {
    clearTimeout(timer);
    if (!document.hidden) {
      round();
    }
  };
  document.addEventListener('visibilitychange', changed);
  round();
  return {
    /** Not what is on its way already: that may have been asked before something changed. */
    async now() {
      await running?.catch(() => { /* It has been counted. */ });
      await round();
    },
    stop() {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', changed);
    },
  };
}
