/** The address without what a drawer shows: the one before, where the drawer was opened from a list that put { opened: true } into the history. */
export function leave(id) {
  const url = new URL(window.location.href);
  if (url.searchParams.get('id') === id) {
    if (window.history.state?.opened) {
      window.history.back();
    } else {
      url.searchParams.delete('id');
      window.history.replaceState(null, '', url);
    }
  }
}
