// A form of filters that is also the query of the page's address: a reload, a bookmark and Back show the same list.
const pause = 300;

/**
 * @param form Its fields are the filters; a reset button in it, with the id clear, takes them all away.
 * @param changed Called when a filter has changed, for text after a short pause.
 * @returns What reads the filters as parameters of the API.
 */
export function bindFilters(form, changed) {
  const clear = form.querySelector('#clear');
  const names = [...new Set([...form.elements].map((field) => field.name).filter(Boolean))];
  let timer = 0;

  function read() {
    return Object.fromEntries(names.map((name) => [name, form.elements[name].value.trim()]).filter(([, value]) => value !== ''));
  }

  function fill() {
    const query = new URLSearchParams(window.location.search);
    names.filter((name) => query.has(name)).forEach((name) => { form.elements[name].value = query.get(name); });
    showClear();
  }

  function showClear() {
    if (clear) {
      clear.hidden = Object.keys(read()).length === 0;
    }
  }

  function apply() {
    clearTimeout(timer);
    const url = new URL(window.location.href);
    const values = read();
    names.forEach((name) => url.searchParams.delete(name));
    Object.entries(values).forEach(([name, value]) => url.searchParams.set(name, value));
    if (url.href !== window.location.href) {
      window.history.replaceState(window.history.state, '', url);
      showClear();
      changed();
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    apply();
  });
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(apply, pause);
  });
  form.addEventListener('change', apply);
  // The fields have their old values until the event is over.
  form.addEventListener('reset', () => setTimeout(apply));
  fill();
  return () => {
    const { from, to, ...others } = read();
    return { ...others, from: from && midnight(from, 0), to: to && midnight(to, 1) };
  };
}

/** The beginning of a day where the reader is, or of the day after it: the API's "to" is exclusive. */
export function midnight(date, days) {
  const [year, month, day] = date.split('-').map(Number);
  return new Date(year, month - 1, day + days).toISOString();
}
