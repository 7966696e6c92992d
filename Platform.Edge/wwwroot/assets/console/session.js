// Who is at the console, as the edge has written it into the page.
const value = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';

/** The anti-forgery token, sent with everything that changes something. */
export const csrfToken = value('csrf-token');

/** Whether this person may change things. The server decides; the page only leaves out what would be refused. */
export const isAdministrator = value('role') === 'administrator';
