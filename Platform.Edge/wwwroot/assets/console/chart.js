// Charts of the console's own, in SVG: read by mouse, by finger, by keyboard, and as a table.
import { h, setText, svg } from '/assets/console/dom.js';
import { formatCompact, formatNumber, sentence } from '/assets/console/format.js';

const locale = navigator.languages?.[0];
const margin = { top: 12, right: 12, bottom: 26, left: 44 };
const labelWidth = 84;
const mostBars = 62;

// Intervals of the API are cut in UTC; an hour is the same hour everywhere, a day is not.
const formats = {
  minute: [{ hour: 'numeric', minute: '2-digit' }, { dateStyle: 'medium', timeStyle: 'medium' }],
  hours: [{ day: 'numeric', month: 'short' }, { dateStyle: 'medium', timeStyle: 'short' }],
  hour: [{ hour: 'numeric', minute: '2-digit' }, { dateStyle: 'medium', timeStyle: 'short' }],
  day: [{ day: 'numeric', month: 'short', timeZone: 'UTC' }, { dateStyle: 'full', timeZone: 'UTC' }],
  week: [{ day: 'numeric', month: 'short', timeZone: 'UTC' }, { dateStyle: 'medium', timeZone: 'UTC' }],
  month: [{ month: 'short', year: '2-digit', timeZone: 'UTC' }, { month: 'long', year: 'numeric', timeZone: 'UTC' }],
};

/** Numbers from 0 that the axis shows: at most six, the last at least the greatest value. Counts have whole ones only. */
function ticks(greatest, whole) {
  const top = whole ? Math.max(greatest, 1) : greatest || 1;
  const rough = top / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  const step = whole ? Math.max(1, round) : round;
  return Array.from({ length: Math.ceil(top / step) + 1 }, (_, index) => index * step);
}

/**
 * A chart over time.
 * @param container Where it stands; its height is the stylesheet's.
 * @returns What shows data. Counts: ({ title, unit: [one, many], interval, points: [{ timestamp, value }] }); few points are bars, many are
 * a line. Measurements: ({ title, names, format, interval, points: [{ timestamp, values }] }), a line for each name, with a gap where its
 * value is null.
 */
export function createTimeChart(container) {
  const picture = svg('svg', { 'aria-hidden': 'true', focusable: 'false' });
  const tip = h('div', { class: 'chart-tip', hidden: true }, h('strong'), h('span'));
  // A slider brings the arrow keys, Home and End, and how screen readers say a value.
  const slider = h('input', { class: 'visually-hidden', type: 'range', min: '0', step: '1', 'aria-label': 'Chart' });
  const table = h('tbody');
  const head = h('tr');
  const legend = h('p', { class: 'chart-legend', hidden: true });
  const plot = h('div', { class: 'chart-plot' }, slider, picture, tip);
  const rows = h('details', { class: 'chart-table', ontoggle: () => fillTable() },
    h('summary', {}, 'Show as a table'),
    h('div', { class: 'chart-table-rows', tabindex: '0', role: 'region', 'aria-label': 'Values of the chart' },
      h('table', {}, h('thead', {}, head), table)));
  container.replaceChildren(legend, plot, rows);

  let data = null;
  let at = -1;
  let scale = null;

  const name = (point) => new Intl.DateTimeFormat(locale, formats[data.interval][1]).format(new Date(point.timestamp));
  const valueText = (value) => (value === null ? 'not measured' : data.format(value));
  const amount = (point) => (data.names.length === 1
    ? valueText(point.values[0])
    : point.values.map((value, index) => `${data.names[index]} ${valueText(value)}`).join(', '));
  const greatest = (point) => Math.max(0, ...point.values.filter((value) => value !== null));

  function draw() {
    const width = plot.clientWidth;
    const height = plot.clientHeight;
    if (!data || width === 0) {
      return;
    }

    const { points } = data;
    const marks = ticks(Math.max(...points.map(greatest)), data.whole);
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
      svg('text', { x: margin.left - 8, y: scale.y(mark) + 4, 'text-anchor': 'end' }, data.axis(mark))));
    const every = Math.max(1, Math.ceil(points.length / Math.max(1, Math.floor(inner / labelWidth))));
    const format = new Intl.DateTimeFormat(locale, formats[data.interval][0]);
    // Counted from the newest, which is the one that is looked at.
    const labels = points.flatMap((point, index) => ((points.length - 1 - index) % every === 0 ? [svg('text', {
      class: 'chart-label',
      x: Math.min(Math.max(scale.x(index), margin.left + 14), width - margin.right - 20),
      y: height - 8,
      'text-anchor': 'middle',
    }, format.format(new Date(point.timestamp)))] : []));
    picture.replaceChildren(...grid, ...labels, ...(data.whole && points.length <= mostBars ? bars(points, band, bottom) : lines(points, bottom)));
    if (points.every((point) => point.values.every((value) => (data.whole ? value === 0 : value === null)))) {
      picture.append(svg('text', {
        class: 'chart-nothing', x: margin.left + inner / 2, y: (bottom + margin.top) / 2, 'text-anchor': 'middle',
      }, data.whole ? 'Nothing in this time' : 'Nothing measured in this time'));
    }
  }

  function bars(points, band, bottom) {
    const thick = Math.max(1, Math.min(band * 0.72, 48));
    return points.map((point, index) => svg('rect', {
      class: 'chart-bar',
      x: scale.x(index) - thick / 2,
      y: scale.y(point.values[0]),
      width: thick,
      height: bottom - scale.y(point.values[0]),
      rx: Math.min(3, thick / 3),
    }));
  }

  function lines(points, bottom) {
    const path = (number) => points.map(({ values }, index) => {
      const isThere = (at) => (points[at]?.values[number] ?? null) !== null;
      if (!isThere(index)) {
        return '';
      }

      const [x, y] = [scale.x(index), scale.y(values[number]).toFixed(1)];
      // A value without neighbours is a dot, not nothing.
      return isThere(index - 1) ? `L${x.toFixed(1)} ${y}` : isThere(index + 1) ? `M${x.toFixed(1)} ${y}` : `M${(x - 1).toFixed(1)} ${y}h2`;
    }).join('');
    const area = data.whole ? [svg('path', {
      class: 'chart-area', d: `${path(0)}L${scale.x(points.length - 1)} ${bottom}L${scale.x(0)} ${bottom}Z`,
    })] : [];
    return [...area, ...data.names.flatMap((_, number) => [
      svg('path', { class: `chart-line chart-line-${number}`, d: path(number) }),
      svg('circle', { class: `chart-dot chart-line-${number}`, r: 4, visibility: 'hidden' }),
    ])];
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
    picture.querySelectorAll('.chart-dot').forEach((dot, number) => {
      dot.setAttribute('cx', scale.x(index));
      dot.setAttribute('cy', scale.y(point.values[number] ?? 0));
      dot.setAttribute('visibility', point.values[number] === null ? 'hidden' : 'visible');
    });
    setText(tip.firstChild, amount(point));
    setText(tip.lastChild, name(point));
    tip.hidden = false;
    const half = tip.offsetWidth / 2;
    const x = Math.min(Math.max(scale.x(index), half), plot.clientWidth - half);
    tip.style.transform = `translate(${x - half}px, ${Math.max(0, scale.y(greatest(point)) - tip.offsetHeight - 10)}px)`;
  }

  function leave() {
    tip.hidden = true;
    picture.querySelectorAll('.chart-bar').forEach((bar) => bar.classList.remove('chart-chosen'));
    picture.querySelectorAll('.chart-dot').forEach((dot) => dot.setAttribute('visibility', 'hidden'));
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

  // A table that nobody looks at is not kept up to date.
  function fillTable() {
    if (data && rows.open) {
      table.replaceChildren(...data.points.toReversed().map((point) => h('tr', {},
        h('th', { scope: 'row' }, name(point)), point.values.map((value) => h('td', {}, data.whole ? formatNumber(value) : valueText(value))))));
    }
  }

  return (shown) => {
    data = shown.unit ? counts(shown) : { whole: false, axis: shown.format, ...shown };
    at = -1;
    slider.max = data.points.length - 1;
    slider.setAttribute('aria-label', data.title);
    head.replaceChildren(h('th', { scope: 'col' }, 'From'), ...data.names.map((column) => h('th', { scope: 'col' }, sentence(column))));
    legend.hidden = data.names.length < 2;
    legend.replaceChildren(...data.names.map((line, number) => h('span', {},
      svg('svg', { viewBox: '0 0 24 4', 'aria-hidden': 'true' }, svg('path', { class: `chart-line chart-line-${number}`, d: 'M0 2H24' })), line)));
    fillTable();
    leave();
    draw();
  };
}

/** Counts as measurements of one name. */
const counts = ({ unit, points, ...rest }) => ({
  ...rest,
  whole: true,
  names: [unit[1]],
  axis: formatCompact,
  format: (value) => `${formatNumber(value)} ${value === 1 ? unit[0] : unit[1]}`,
  points: points.map(({ timestamp, value }) => ({ timestamp, values: [value] })),
});

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
