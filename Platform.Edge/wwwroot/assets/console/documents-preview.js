// A look at a document without leaving the page: pictures, and the beginning of what is text.
import { problem } from '/assets/console/api.js';
import { h } from '/assets/console/dom.js';
import { formatSize } from '/assets/console/format.js';

const pictures = ['.png', '.jpg', '.jpeg', '.gif', '.webp', '.bmp', '.svg'];
const texts = ['.txt', '.md', '.csv', '.json', '.xml', '.html', '.htm', '.eml'];

/** Bytes of a text that are fetched. */
const most = 64 * 1024;

const pathOf = (document, query = '') => `/documents/${document.document_id}/content${query}`;

/** Where the browser saves the document. */
export const downloadPath = (document) => pathOf(document);

/** Where the browser shows the document, or null when the service does not let it: it shows what has nothing in it that runs. */
export const viewPath = ({ content_type: type, ...document }) => (
  type === 'application/pdf' || type === 'text/plain' || (type.startsWith('image/') && !['image/svg+xml', 'image/tiff'].includes(type))
    ? pathOf(document, '?disposition=inline') : null);

/** An element that fills itself; null for types that cannot be shown here. */
export function createPreview(document, signal) {
  if (pictures.includes(document.file_extension)) {
    const frame = h('div', { class: 'preview' });
    // An image cannot run anything, not even an SVG one.
    frame.append(h('img', {
      src: pathOf(document, '?disposition=inline'), alt: `The picture ${document.filename}`,
      onerror: () => frame.replaceChildren(h('p', { class: 'hint' }, 'This picture cannot be shown here.')),
    }));
    return frame;
  }

  if (texts.includes(document.file_extension)) {
    const frame = h('div', { class: 'preview' }, h('span', { class: 'skeleton' }), h('span', { class: 'skeleton' }));
    showText(frame, document, signal);
    return frame;
  }

  return null;
}

async function showText(frame, document, signal) {
  try {
    const answer = await fetch(pathOf(document), { headers: { Range: `bytes=0-${most - 1}` }, signal });
    if (!answer.ok) {
      throw await problem(answer);
    }

    const text = decode(await answer.arrayBuffer());
    frame.replaceChildren(h('pre', { tabindex: '0', role: 'region', 'aria-label': 'Beginning of the text' }, text));
    if (document.size > most) {
      frame.append(h('p', { class: 'hint' }, `The first ${formatSize(most)} of ${formatSize(document.size)}.`));
    }
  } catch (error) {
    if (!signal.aborted) {
      frame.replaceChildren(
        h('p', { role: 'alert' }, `The text could not be loaded. ${error.message}`),
        h('button', { class: 'link', type: 'button', onclick: () => showText(frame, document, signal) }, 'Try again'));
    }
  }
}

/** By its byte order mark; else as UTF-8, whose last character may be cut in two, or what it can be when it is not. */
function decode(bytes) {
  const [first, second] = new Uint8Array(bytes);
  const marked = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : null;
  if (marked) {
    return new TextDecoder(marked).decode(bytes);
  }

  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
