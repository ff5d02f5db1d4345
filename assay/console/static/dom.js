/** Elements without markup: whatever comes from the chain or the store becomes text, and never anything else. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. Attributes that are null or false are left out; `on...` are listeners. Children that are null or
 * false are left out, strings and numbers become text.
 */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Put other children into an element; what had the focus has it again, if something of the same key is there. */
export function replace(element, ...children) {
  const active = document.activeElement;
  const key = element.contains(active) ? keyOf(active) : null;
  element.replaceChildren(...nodes(children));
  if (key === null) return;
  const again = [...element.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]")];
  again.find((each) => keyOf(each) === key)?.focus({ preventScroll: true });
}

function keyOf(element) {
  return element.dataset?.key ?? element.id ?? element.getAttribute("href") ?? element.textContent;
}

/**
 * A part of a page that is drawn from data: drawn again only when the data has changed. Which `<details>` are open
 * is kept.
 */
export function region(draw, attributes = {}) {
  const element = h("div", attributes);
  let last = null;
  return {
    element,
    show(data) {
      const now = JSON.stringify(data);
      if (now === last) return false;
      last = now;
      const open = new Set([...element.querySelectorAll("details[open][data-key]")].map((each) => each.dataset.key));
      replace(element, draw(data));
      for (const each of element.querySelectorAll("details[data-key]")) {
        if (open.has(each.dataset.key)) each.open = true;
      }
      return true;
    },
  };
}

/** Say something to those who do not see the page change. */
export function announce(sentence) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = sentence;
}
