// Search as one types. The page's address is the question: a reload, a bookmark and Back show the same results.
import { address, get } from '/assets/console/api.js';
import { bindContactPicker, contactLink } from '/assets/console/documents-contact.js';
import { h, icon, setText, whileBusy } from '/assets/console/dom.js';
import { midnight } from '/assets/console/filters.js';
import { chip, formatNumber, plural, sentence, timeAgo } from '/assets/console/format.js';
import { foundWords, marked } from '/assets/console/search-highlight.js';

const pause = 150;
const pageSize = 20;
/** Beyond it the service does not go. */
const furthest = 1000;
/** Values of a facet that are shown before one asks for the others. */
const few = 8;

const facetNames = { document_type: 'Type', file_extension: 'Kind of file', tags: 'Tags', processing_status: 'Processing' };
const singleNames = ['q', 'contact_id', 'from', 'to'];
/** A document has one value of each of these, so that choosing several finds more; of tags it has all that are chosen. */
const alternatives = ['document_type', 'file_extension', 'processing_status'];

const byId = (id) => document.getElementById(id);
const field = byId('q');
const results = byId('results');
const found = byId('found');
const message = byId('message');
const filterBox = byId('filters');
const more = byId('more');

let question = read();
let request = new AbortController();
let timer = 0;
let shown = 0;

function read() {
  const query = new URLSearchParams(window.location.search);
  return {
    ...Object.fromEntries(singleNames.map((name) => [name, query.get(name) ?? ''])),
    ...Object.fromEntries(Object.keys(facetNames).map((name) => [name, query.getAll(name)])),
  };
}

/** The question as parameters: of the page's address, or of the service's, for which days are times. */
function parametersOf(asked, days = (day) => day) {
  const query = new URLSearchParams();
  const { from, to, ...others } = asked;
  Object.entries({ ...others, from: from && days(from, 0), to: to && days(to, 1) })
    .flatMap(([name, value]) => [value].flat().filter(Boolean).map((each) => [name, each]))
    .forEach(([name, value]) => query.append(name, value));
  return query;
}

const filterCount = () => Object.entries(question).filter(([name]) => name !== 'q').flatMap(([, value]) => value).filter(Boolean).length;

function ask(changes) {
  question = { ...question, ...changes };
  const query = parametersOf(question).toString();
  if (query === new URLSearchParams(window.location.search).toString()) {
    return;
  }

  window.history.replaceState(window.history.state, '', window.location.pathname + (query && `?${query}`));
  clearTimeout(timer);
  timer = setTimeout(search, pause);
}

function fetchPage(asked, page, signal) {
  const query = parametersOf(asked, midnight);
  Object.entries(page).forEach(([name, value]) => query.set(name, value));
  return get(`/documents/search?${query}`, { signal });
}

async function search() {
  clearTimeout(timer);
  request.abort();
  request = new AbortController();
  const { signal } = request;
  results.setAttribute('aria-busy', 'true');
  if (shown === 0) {
    found.replaceChildren(...Array.from({ length: 4 }, () => h('li', { class: 'box result', 'aria-hidden': 'true' },
      h('span', { class: 'skeleton' }), h('span', { class: 'skeleton' }))));
    message.hidden = true;
  }

  try {
    const chosen = alternatives.filter((name) => question[name].length > 0);
    // How many there would be with another value of the same filter is the answer to a question without it.
    const [answer, ...others] = await Promise.all([
      fetchPage(question, { limit: pageSize }, signal),
      ...chosen.map((name) => fetchPage({ ...question, [name]: [] }, { limit: 1 }, signal)),
    ]);
    shown = 0;
    found.replaceChildren();
    append(answer);
    showSummary(answer);
    showFacets({ ...answer.facets, ...Object.fromEntries(chosen.map((name, index) => [name, others[index].facets[name]])) });
    results.removeAttribute('aria-busy');
  } catch (error) {
    if (!signal.aborted) {
      shown = 0;
      found.replaceChildren();
      byId('foot').hidden = true;
      setText(byId('summary'), '');
      message.hidden = false;
      message.replaceChildren(h('div', { role: 'alert' }, h('h2', {}, 'The search did not work'), h('p', {}, error.message)),
        h('button', { class: 'button quiet small', type: 'button', onclick: search }, icon('retry'), 'Try again'));
      results.removeAttribute('aria-busy');
    }
  }
}

function append(answer) {
  const { results: page, total_count: total } = answer;
  found.append(...page.map(resultOf));
  shown += page.length;
  const isEnd = page.length === 0 || shown >= total;
  more.hidden = isEnd || shown > furthest;
  byId('foot').hidden = shown === 0;
  setText(byId('shown'), isEnd ? `${plural(shown, 'document')}, that is all`
    : more.hidden ? `The best ${plural(shown, 'document')}. Narrow the search down to see others.`
      : `${formatNumber(shown)} of ${countOf(answer)}`);
}

const countOf = ({ total_count: total, total_is_estimate: isEstimate }) => `${isEstimate ? 'about ' : ''}${formatNumber(total)}`;

async function loadMore() {
  const { signal } = request;
  try {
    const before = shown;
    append(await fetchPage(question, { limit: pageSize, offset: shown }, signal));
    if (more.hidden) {
      links()[before]?.focus();
    }
  } catch (error) {
    if (!signal.aborted) {
      setText(byId('shown'), `More could not be loaded: ${error.message}`);
    }
  }
}

function resultOf(result) {
  const { filename, text_content: text, description } = result.highlights;
  const shownText = text ? marked(text) : [result.text_content];
  return h('li', { class: 'box result' },
    h('h3', {}, h('a', { href: address('/console/documents', { id: result.document_id }) }, filename ? marked(filename) : result.filename)),
    description && h('p', { class: 'result-text' }, marked(description)),
    shownText[0] !== '' || shownText.length > 1 ? h('p', { class: 'result-text' }, shownText) : null,
    h('div', { class: 'result-facts hint' },
      h('span', {}, sentence(result.document_type)), contactLink(result.contact_id), h('span', {}, 'uploaded ', timeAgo(result.upload_timestamp)),
      result.tags.length > 0 && h('span', {}, result.tags.join(', ')),
      result.processing_status !== 'completed' && chip(result.processing_status)));
}

function showSummary(answer) {
  const { total_count: total, processing_time: seconds, query } = answer;
  const time = seconds < 0.001 ? 'less than a millisecond' : seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
  const similar = similarWords(answer);
  setText(byId('summary'), total === 0 ? 'No documents.' : [
    query ? `${countOf(answer)} ${total === 1 ? 'document' : 'documents'} for “${query}”, found in ${time}.`
      : `${countOf(answer)} ${total === 1 ? 'document' : 'documents'}, newest first.`,
    similar.length > 0 ? `With similar words: ${similar.join(', ')}.` : '',
  ].join(' ').trim());
  byId('clear').hidden = filterCount() === 0;
  const count = byId('filter-count');
  count.hidden = filterCount() === 0;
  setText(count, formatNumber(filterCount()));
  message.hidden = total > 0;
  if (total === 0) {
    message.replaceChildren(...nothing(query));
  }
}

const fold = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** What was found in place of what was typed, when that is nowhere: the service forgives misspellings. */
function similarWords({ results: page, query }) {
  const typed = fold(query).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const words = [...new Set(page.flatMap((result) => Object.values(result.highlights).flatMap(foundWords)).map((word) => word.toLowerCase()))];
  const isTyped = (word) => typed.some((part) => fold(word).startsWith(part) || part.startsWith(fold(word)));
  return typed.length > 0 ? words.filter((word) => !isTyped(word)).slice(0, 3) : [];
}

function nothing(query) {
  const button = (text, run) => h('button', { class: 'button quiet small', type: 'button', onclick: run }, text);
  if (!query && filterCount() === 0) {
    return [h('h2', {}, 'No documents yet'), h('p', {}, 'What is uploaded can be found here as soon as it has been read.'),
      h('a', { class: 'button quiet small', href: '/console/documents' }, 'Go to documents')];
  }

  const words = query.split(/\s+/).filter(Boolean);
  return [
    h('h2', {}, query ? `Nothing has “${query}” in it` : 'No document matches'),
    h('p', {}, filterCount() > 0 ? 'Perhaps the filters leave too little.'
      : words.length > 1 ? 'A document has to have every word. Try fewer.'
        : 'Try another word, or only its beginning. What has just been uploaded may still be in the queue.'),
    filterCount() > 0 ? button('Search without filters', clear) : '',
    words.length > 1 ? button(`Search for “${longest(words)}” only`, () => searchFor(longest(words))) : '',
  ];
}

const longest = (words) => words.reduce((best, word) => (word.length > best.length ? word : best));

function searchFor(text) {
  field.value = text;
  field.focus();
  ask({ q: text });
}

function showFacets(facets) {
  const focused = document.activeElement?.closest('#facets') ? document.activeElement.id : null;
  const isOpen = (name) => byId(`facet-${name}-others`)?.open;
  byId('facets').replaceChildren(...Object.entries(facetNames).map(([name, title]) => {
    const chosen = question[name];
    const counts = facets[name] ?? {};
    const values = [...Object.entries(counts), ...chosen.filter((value) => !(value in counts)).map((value) => [value, 0])];
    if (values.length === 0) {
      return '';
    }

    const choices = values.map(([value, count]) => h('label', { class: 'choice' },
      h('input', {
        type: 'checkbox', id: `facet-${name}-${encodeURIComponent(value)}`, checked: chosen.includes(value),
        onchange: (event) => ask({ [name]: event.target.checked ? [...chosen, value] : chosen.filter((other) => other !== value) }),
      }),
      h('span', { class: 'choice-name' }, name === 'file_extension' ? value.slice(1).toUpperCase() : name === 'tags' ? value : sentence(value)),
      h('span', { class: 'choice-count' }, formatNumber(count))));
    return h('fieldset', {}, h('legend', {}, title), choices.slice(0, few),
      choices.length > few && h('details', { id: `facet-${name}-others`, open: isOpen(name) },
        h('summary', {}, `${choices.length - few} more`), choices.slice(few)));
  }));
  if (focused) {
    byId(focused)?.focus();
  }
}

function clear() {
  const nobody = Object.fromEntries(singleNames.filter((name) => name !== 'q').map((name) => [name, '']));
  ask({ ...nobody, ...Object.fromEntries(Object.keys(facetNames).map((name) => [name, []])) });
  fill();
}

const links = () => [...found.querySelectorAll('h3 a')];

function fill() {
  field.value = question.q;
  byId('from').value = question.from;
  byId('to').value = question.to;
  picker.choose(question.contact_id);
}

byId('search').addEventListener('submit', (event) => {
  event.preventDefault();
  search();
});
field.addEventListener('input', () => ask({ q: field.value.trim() }));
['from', 'to', 'contact_id'].forEach((name) => byId(name).addEventListener('change', (event) => ask({ [name]: event.target.value })));
more.addEventListener('click', () => whileBusy(more, loadMore));
byId('clear').addEventListener('click', () => {
  clear();
  field.focus();
});
byId('search').addEventListener('keydown', (event) => {
  const at = links().indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
  if (next === undefined || (at < 0 && event.target !== field) || (at < 0 && event.key === 'ArrowUp') || next >= links().length) {
    return;
  }

  event.preventDefault();
  (links()[next] ?? field).focus();
});
const wide = window.matchMedia('(min-width: 64rem)');
const follow = () => {
  // On a desktop there is room for them all the time.
  filterBox.open = wide.matches;
  filterBox.querySelector('summary').tabIndex = wide.matches ? -1 : 0;
};
wide.addEventListener('change', follow);
follow();
const picker = bindContactPicker(byId('contact-filter'));
window.addEventListener('popstate', () => {
  question = read();
  fill();
  search();
});
fill();
if (wide.matches) {
  field.focus();
}

await search();
