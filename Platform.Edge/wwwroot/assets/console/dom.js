// Builds elements. Text is always text: nothing here reads HTML.
const svgNamespace = 'http://www.w3.org/2000/svg';

function build(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }

  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * An HTML element. A property is an attribute; true is an attribute without value, false and null are none, and a function
 * listens to the event after "on": h('button', { type: 'button', onclick: save }, 'Save').
 */
export const h = (tag, properties = {}, ...children) => build(document.createElement(tag), properties, children);

/** An SVG element, as {@link h}. */
export const svg = (tag, properties = {}, ...children) => build(document.createElementNS(svgNamespace, tag), properties, children);

const icons = {
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  download: 'M12 4v11m-5-5 5 5 5-5M5 20h14',
  next: 'm9 6 6 6-6 6',
  retry: 'M20 6v5h-5M19.5 11a8 8 0 1 0 .3 4',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13',
  plus: 'M12 5v14M5 12h14',
};

/** A picture that says nothing that the text beside it does not say. */
export const icon = (name) => svg(
  'svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }, svg('path', { d: icons[name] }));

/** Writes a text, unless it is there: a live region reads out everything that is written. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Runs an action of a button, which shows that it is busy and is not pressed twice meanwhile. */
export async function whileBusy(button, action) {
  if (button.getAttribute('aria-disabled') === 'true') {
    return;
  }

  button.setAttribute('aria-disabled', 'true');
  button.classList.add('busy');
  try {
    await action();
  } finally {
    button.removeAttribute('aria-disabled');
    button.classList.remove('busy');
  }
}
