// What was found, as the service marks it: HTML in which everything is escaped and the only element is <mark>. It is read as text, not as HTML.
import { h } from '/assets/console/dom.js';

const named = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const unescape = (text) => text.replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(lt|gt|amp|quot|apos));/gi, (all, hexadecimal, decimal, name) => {
  const code = hexadecimal ? Number.parseInt(hexadecimal, 16) : Number(decimal);
  return name ? named[name.toLowerCase()] : code <= 0x10ffff ? String.fromCodePoint(code) : all;
});

/** The pieces of a highlight, of which every second one was found. */
const split = (html) => html.split(/<\/?mark>/).map(unescape);

/** Text and <mark> elements. */
export const marked = (html) => split(html).map((text, index) => (index % 2 === 1 ? h('mark', {}, text) : text));

/** What was found, in the words of the document. */
export const foundWords = (html) => split(html).filter((_, index) => index % 2 === 1);
