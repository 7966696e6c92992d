// What GET /health says, in words. It comes as the result of Promise.allSettled: no answer is an answer, too.
import { sentence } from '/assets/console/format.js';

export function readHealth(result) {
  const health = result.status === 'fulfilled' ? result.value : null;
  const reached = typeof health?.services === 'object';
  return {
    reached,
    well: reached && health.status === 'healthy',
    version: health?.version ?? '',
    services: Object.entries(reached ? health.services : {}).map(([name, state]) => ({
      name: sentence(name), isWell: state === 'connected', text: state === 'connected' ? 'connected' : 'does not answer',
    })),
  };
}
