// One file on its way to the service. XMLHttpRequest, since fetch does not tell how much of a body has been sent.
import { ApiError, problem } from '/assets/console/api.js';
import { formatSize } from '/assets/console/format.js';
import { csrfToken } from '/assets/console/session.js';

/** Milliseconds without a byte or an answer after which an upload is given up. */
const patience = 60000;

/** An upload that did not work. `wait` is the time in seconds after which the service wants to be asked again, if it said one. */
export class UploadError extends ApiError {
  constructor({ message, status, fields }, wait) {
    super(message, status, fields);
    this.wait = wait;
  }
}

/**
 * POST /documents/upload.
 * @param fields Texts by name: contact_id, document_type, description, tags.
 * @param key The Idempotency-Key: a file that is sent again under its key becomes one document only.
 * @param onProgress Called with the number of bytes of the file that have been sent.
 * @returns The receipt of the service. It throws an UploadError, or what the signal was aborted with.
 */
export function upload({ file, fields, key, signal, onProgress }) {
  const form = new FormData();
  // The service checks what comes before the file before it takes the file.
  Object.entries(fields).forEach(([name, value]) => form.append(name, value));
  form.append('file', file, file.name);

  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer = 0;
    const fail = (message) => reject(new UploadError({ message, status: 0, fields: {} }));
    const giveUp = () => {
      fail('Nothing has moved for a minute. Check your connection and try again.');
      request.abort();
    };
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, patience);
    };
    request.open('POST', '/documents/upload');
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRF-Token', csrfToken);
    request.setRequestHeader('Idempotency-Key', key);
    request.upload.addEventListener('progress', (event) => {
      moved();
      // The form around the file counts too.
      onProgress(Math.min(event.loaded, file.size));
    });
    request.addEventListener('error', () => fail('The connection broke off. Check it and try again; what has arrived is not stored twice.'));
    request.addEventListener('abort', () => reject(signal.reason));
    request.addEventListener('loadend', () => clearTimeout(timer));
    request.addEventListener('load', async () => {
      try {
        resolve(await read(request, file));
      } catch (error) {
        reject(error);
      }
    });
    signal.addEventListener('abort', () => request.abort(), { once: true });
    moved();
    request.send(form);
  });
}

async function read(request, file) {
  if (request.status === 200) {
    try {
      return JSON.parse(request.responseText);
    } catch {
      throw new UploadError({ message: 'The answer of the service broke off. Try again; nothing is stored twice.', status: 200, fields: {} });
    }
  }

  const wait = Number(request.getResponseHeader('Retry-After') ?? Number.NaN);
  const refused = await problem(new Response(request.responseText, { status: request.status }));
  throw new UploadError({ ...refused, message: explain(refused, file) }, wait);
}

/** Why this file was refused, in the words of a person who chose it. */
function explain({ status, message, fields }, file) {
  const extension = /\.[^.]+$/.exec(file.name)?.[0];
  switch (status) {
    case 401:
      return 'Your session has ended. Sign in again in another tab, then reload this page.';
    case 413:
      return `The file has ${formatSize(file.size)}, which is more than the service takes.`;
    case 415:
      return fields.file?.startsWith('must be one of')
        ? `${extension ? `Files that end in ${extension}` : 'Files without an extension'} are not taken. These are:`
          + ` ${fields.file.slice('must be one of '.length)}.`
        : 'The content of the file is not what its name says.';
    case 422:
      return fields.file === 'must not be empty' ? 'The file is empty.' : message;
    default:
      return message;
  }
}
