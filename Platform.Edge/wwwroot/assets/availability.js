// How well the parts of the service have worked, a bar a day. For the status page and the console.
const locale = navigator.languages?.[0];
const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 });
const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const length = 86400000;

const names = {
  website: 'Website',
  service: 'Service',
  database: 'Database',
  storage: 'Document store',
  search: 'Search',
  processing: 'Document processing',
  mail: 'E-mail',
};

export const nameOf = (component) => names[component.name] ?? component.name;

/** Rounded down: what failed once was not there all the time. */
export const formatPercent = (part) => percent.format(Math.floor(part * 10000) / 10000);

const stateOf = (part) => (part === null ? 'none' : part >= 0.9995 ? 'ok' : part >= 0.95 ? 'part' : 'bad');

/** Bars of the days, the last of which is today (UTC); said in words for who does not see them. */
export function dayBars(days) {
  const today = Date.now();
  const dateOf = (index) => day.format(new Date(today - (days.length - 1 - index) * length));
  const picture = document.createElement('div');
  const worse = days.flatMap((part, index) => (part !== null && part < 0.9995 ? [`${dateOf(index)} ${formatPercent(part)}`] : []));
  const measured = days.filter((part) => part !== null).length;
  picture.className = 'days';
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label',
    `${measured} of ${days.length} days were measured. ${worse.length === 0 ? 'No interruptions.' : `Interruptions: ${worse.join(', ')}.`}`);
  picture.append(...days.map((part, index) => {
    const bar = document.createElement('span');
    bar.dataset.state = stateOf(part);
    bar.title = `${dateOf(index)}: ${part === null ? 'not measured' : formatPercent(part)}`;
    return bar;
  }));
  return picture;
}
