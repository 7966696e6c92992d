// Charts of the console's own, in SVG: read by mouse, by finger, by keyboard, and as a table.
import { h, setText, svg } from '/assets/console/dom.js';
import { formatCompact, formatNumber } from '/assets/console/format.js';

const locale = navigator.languages?.[0];
const margin = { top: 12, right: 12, bottom: 26, left: 44 };
const labelWidth = 84;
const mostBars = 62;

// Intervals of the API are cut in UTC; an hour is the same hour everywhere, a day is not.
const formats = {
  hour: [{ hour: 'numeric', minute: '2-digit' }, { dateStyle: 'medium', timeStyle: 'short' }],
  day: [{ day: 'numeric', month: 'short', timeZone: 'UTC' }, { dateStyle: 'full', timeZone: 'UTC' }],
  week: [{ day: 'numeric', month: 'short', timeZone: 'UTC' }, { dateStyle: 'medium', timeZone: 'UTC' }],
  month: [{ month: 'short', year: '2-digit', timeZone: 'UTC' }, { month: 'long', year: 'numeric', timeZone: 'UTC' }],
};

/** Whole numbers from 0 that the axis shows: at most five, the last at least the greatest value. */
function ticks(greatest) {
  const rough = Math.max(greatest, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough));
  return Array.from({ length: Math.ceil(Math.max(greatest, 1) / step) + 1 }, (_, index) => index * step);
}

/**
 * A chart of counts over time.
 * @param container Where it stands; its height is the stylesheet's.
 * @returns What shows data: ({ title, unit: [one, many], interval, points: [{ timestamp, value }] }). Few points are bars, many are a line.
 */
export function createTimeChart(container) {
  const picture = svg('svg', { 'aria-hidden': 'true', focusable: 'false' });
  const tip = h('div', { class: 'chart-tip', hidden: true }, h('strong'), h('span'));
  // A slider brings the arrow keys, Home and End, and how screen readers say a value.
  const slider = h('input', { class: 'visually-hidden', type: 'range', min: '0', step: '1', 'aria-label': 'Chart' });
  const table = h('tbody');
  const head = h('th', { scope: 'col' });
  const plot = h('div', { class: 'chart-plot' }, slider, picture, tip);
  container.replaceChildren(plot, h('details', { class: 'chart-table' },
    h('summary', {}, 'Show as a table'),
    h('div', { class: 'chart-table-rows', tabindex: '0', role: 'region', 'aria-label': 'Values of the chart' },
      h('table', {}, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'From'), head)), table))));

  let data = null;
  let at = -1;
  let scale = null;

  const name = (point) => new Intl.DateTimeFormat(locale, formats[data.interval][1]).format(new Date(point.timestamp));
  const amount = (point) => `${formatNumber(point.value)} ${point.value === 1 ? data.unit[0] : data.unit[1]}`;

  function draw() {
    const width = plot.clientWidth;
    const height = plot.clientHeight;
    if (!data || width === 0) {
      return;
    }

    const { points } = data;
    const marks = ticks(Math.max(...points.map((point) => point.value)));
    const inner = width - margin.left - margin.right;
    const bottom = height - margin.bottom;
    const band = inner / points.length;
    scale = {
      x: (index) => margin.left + band * (index + 0.5),
      y: (value) => bottom - (bottom - margin.top) * value / marks.at(-1),
      index: (x) => Math.max(0, Math.min(points.length - 1, Math.floor((x - margin.left) / band))),
    };
    picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const grid = marks.map((mark) => svg('g', { class: 'chart-grid' },
      svg('line', { x1: margin.left, x2: width - margin.right, y1: scale.y(mark), y2: scale.y(mark) }),
      svg('text', { x: margin.left - 8, y: scale.y(mark) + 4, 'text-anchor': 'end' }, formatCompact(mark))));
    const every = Math.max(1, Math.ceil(points.length / Math.max(1, Math.floor(inner / labelWidth))));
    const format = new Intl.DateTimeFormat(locale, formats[data.interval][0]);
    // Counted from the newest, which is the one that is looked at.
    const labels = points.flatMap((point, index) => ((points.length - 1 - index) % every === 0 ? [svg('text', {
      class: 'chart-label',
      x: Math.min(Math.max(scale.x(index), margin.left + 14), width - margin.right - 20),
      y: height - 8,
      'text-anchor': 'middle',
    }, format.format(new Date(point.timestamp)))] : []));
    picture.replaceChildren(...grid, ...labels, ...(points.length <= mostBars ? bars(points, band, bottom) : line(points, bottom)));
    if (points.every((point) => point.value === 0)) {
      picture.append(svg('text', {
        class: 'chart-nothing', x: margin.left + inner / 2, y: (bottom + margin.top) / 2, 'text-anchor': 'middle',
      }, 'Nothing in this time'));
    }
  }

  function bars(points, band, bottom) {
    const thick = Math.max(1, Math.min(band * 0.72, 48));
    return points.map((point, index) => svg('rect', {
      class: 'chart-bar',
      x: scale.x(index) - thick / 2,
      y: scale.y(point.value),
      width: thick,
      height: bottom - scale.y(point.value),
      rx: Math.min(3, thick / 3),
    }));
  }

  function line(points, bottom) {
    const path = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${scale.x(index).toFixed(1)} ${scale.y(point.value).toFixed(1)}`).join('');
    return [
      svg('path', { class: 'chart-area', d: `${path}L${scale.x(points.length - 1)} ${bottom}L${scale.x(0)} ${bottom}Z` }),
      svg('path', { class: 'chart-line', d: path }),
      svg('circle', { class: 'chart-dot', r: 4, visibility: 'hidden' }),
    ];
  }

  function select(index) {
    if (!scale) {
      return;
    }

    at = index;
    const point = data.points[index];
    slider.value = index;
    slider.setAttribute('aria-valuetext', `${name(point)}: ${amount(point)}`);
    picture.querySelectorAll('.chart-bar').forEach((bar, position) => bar.classList.toggle('chart-chosen', position === index));
    const dot = picture.querySelector('.chart-dot');
    dot?.setAttribute('cx', scale.x(index));
    dot?.setAttribute('cy', scale.y(point.value));
    dot?.setAttribute('visibility', 'visible');
    setText(tip.firstChild, amount(point));
    setText(tip.lastChild, name(point));
    tip.hidden = false;
    const half = tip.offsetWidth / 2;
    const x = Math.min(Math.max(scale.x(index), half), plot.clientWidth - half);
    tip.style.transform = `translate(${x - half}px, ${Math.max(0, scale.y(point.value) - tip.offsetHeight - 10)}px)`;
  }

  function leave() {
    tip.hidden = true;
    picture.querySelectorAll('.chart-bar').forEach((bar) => bar.classList.remove('chart-chosen'));
    picture.querySelector('.chart-dot')?.setAttribute('visibility', 'hidden');
  }

  const follow = (event) => scale && select(scale.index(event.clientX - plot.getBoundingClientRect().left));
  plot.addEventListener('pointermove', follow);
  plot.addEventListener('pointerdown', follow);
  plot.addEventListener('pointerleave', leave);
  slider.addEventListener('input', () => select(Number(slider.value)));
  slider.addEventListener('focus', () => select(at < 0 ? data.points.length - 1 : at));
  slider.addEventListener('blur', leave);
  new ResizeObserver(() => {
    leave();
    draw();
  }).observe(plot);

  return (shown) => {
    data = shown;
    at = -1;
    slider.max = data.points.length - 1;
    slider.setAttribute('aria-label', data.title);
    setText(head, `${data.unit[1].charAt(0).toUpperCase()}${data.unit[1].slice(1)}`);
    table.replaceChildren(...data.points.toReversed().map((point) => h('tr', {},
      h('th', { scope: 'row' }, name(point)), h('td', {}, formatNumber(point.value)))));
    leave();
    draw();
  };
}

/** Parts of a whole as labelled bars: [{ label, value, text, href, state }]; text is the value in words where it is not a count. */
export function barList(items) {
  const greatest = Math.max(1, ...items.map((item) => item.value));
  return h('ul', { class: 'bars' }, items.map((item) => {
    const bar = h('span', { class: 'bar', 'data-state': item.state });
    bar.style.inlineSize = `${Math.max(item.value > 0 ? 1 : 0, 100 * item.value / greatest)}%`;
    return h('li', {},
      item.href ? h('a', { href: item.href }, item.label) : h('span', {}, item.label),
      h('span', { class: 'bar-value' }, item.text ?? formatNumber(item.value)),
      h('span', { class: 'bar-track' }, bar));
  }));
}
