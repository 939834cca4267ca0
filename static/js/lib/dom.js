/** Making and finding elements. Every text goes in as text: there is no way here to write markup. */

const SVG = "http://www.w3.org/2000/svg";

/** `make("li.row", {title: "…"}, child, "text", null)`; children that are null or false are left out. */
export function make(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const shapes = new Map(); // of icons that are drawn without asking for the sprite, by name

/** An icon of the sprite; decorative, so whoever uses it says in words what it means. */
export function icon(name, className = "") {
  const known = shapes.get(name);
  const svg = known ? known.cloneNode(true) : document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className ? `icon ${className}` : "icon");
  svg.setAttribute("aria-hidden", "true");
  if (known) return svg;
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * From now on icons hold their shape themselves. One that refers to the sprite is a tree of shadows with a request of its
 * own, however near the file: in a busy chat, a quarter of what the page costs.
 */
export async function learnIcons() {
  const answer = await fetch(document.body.dataset.icons).catch(() => null); // out of the cache: the page has shown some
  if (!answer?.ok) return;
  const sprite = new DOMParser().parseFromString(await answer.text(), "image/svg+xml");
  for (const symbol of sprite.querySelectorAll("symbol")) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", symbol.getAttribute("viewBox"));
    svg.append(...[...symbol.children].map((shape) => document.importNode(shape, true)));
    shapes.set(symbol.id, svg);
  }
}

/**
 * An icon that carries meaning: the words are its tooltip and what a screen reader says. As a name, not as a text that is
 * hidden: in a chat there are hundreds, and each such text is a layer of its own.
 */
export function badge(name, words, className = "") {
  const attributes = { role: "img", "aria-label": words, title: words };
  return make("span.mark", attributes, icon(name, `badge ${className}`.trim()));
}

export function unseen(words) {
  return make("span.visually-hidden", {}, words);
}

export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found;
}

/** The element marked `data-part="name"` inside `root`. */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

/** Writes only on change, so that an unchanged figure costs no layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function empty(symbol, title, ...lines) {
  return make(
    "div.empty",
    {},
    symbol && icon(symbol),
    title && make("strong", {}, title),
    ...lines.map((line) => make("p", {}, ...[line].flat())),
  );
}
