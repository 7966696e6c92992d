// Numbers, sizes and times in the words of the reader's language settings.
import { h } from '/assets/console/dom.js';

const locale = navigator.languages?.[0];
const number = new Intl.NumberFormat(locale);
const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
const spans = [['year', 31536000], ['month', 2592000], ['week', 604800], ['day', 86400], ['hour', 3600], ['minute', 60]];

export const formatNumber = (value) => number.format(value);
export const formatCompact = (value) => short.format(value);
export const formatDateTime = (value) => dateTime.format(new Date(value));

/** A size in bytes, with units of 1000. */
export function formatSize(bytes) {
  const power = Math.min(bytes > 0 ? Math.floor(Math.log10(bytes) / 3) : 0, units.length - 1);
  return new Intl.NumberFormat(locale, { style: 'unit', unit: units[power], unitDisplay: power === 0 ? 'long' : 'short', maximumFractionDigits: 1 })
    .format(bytes / 1000 ** power);
}

export function formatRelative(value) {
  const seconds = (new Date(value).getTime() - Date.now()) / 1000;
  const [unit, length] = spans.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
  // The clocks of two machines differ by a little: what has just happened is not in the future.
  return unit === 'second' ? relative.format(0, 'second') : relative.format(Math.round(seconds / length), unit);
}

/** How long something took, between two times. */
export function formatDuration(from, to) {
  const seconds = Math.max(0, (new Date(to).getTime() - new Date(from).getTime()) / 1000);
  const [unit, length] = seconds < 60 ? ['second', 1] : seconds < 3600 ? ['minute', 60] : ['hour', 3600];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: seconds < 10 ? 1 : 0 })
    .format(seconds / length);
}

/** A time as people say it, with the exact one as its tooltip; the shell keeps it true. */
export const timeAgo = (value) => h('time', { class: 'ago', datetime: value, title: formatDateTime(value) }, formatRelative(value));

/** "1 contact", "2 contacts". */
export const plural = (count, one, many = `${one}s`) => `${formatNumber(count)} ${count === 1 ? one : many}`;

/** The first letter in upper case, underscores as blanks. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1).replaceAll('_', ' ');

/** The state of something, in a colour of its own (console.css) and in words. */
export const chip = (state, text = sentence(state)) => h('span', { class: 'chip', 'data-state': state }, text);
