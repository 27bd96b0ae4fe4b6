// Building elements without a framework. Text goes in as text; the server's rendered HTML has one way in, showHtml.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  attach: "m20 11.5-8.2 8.2a5 5 0 0 1-7.1-7.1l8.5-8.5a3.4 3.4 0 0 1 4.8 4.8l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.8-7.8",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  up: "M7 11v9H4v-9h3Zm0 0 4.2-7.3c1.5 0 2.6 1.3 2.3 2.8L13 9.500h5.300a2 2 0 0 1 2 2.400l-1.300 6.500a2 2 0 0 1-2 1.600H7",
  down: "M17 13V4h3v9h-3Zm0 0-4.200 7.300c-1.500 0-2.600-1.300-2.300-2.800l.500-3H5.700a2 2 0 0 1-2-2.400L5 5.600A2 2 0 0 1 7 4h10",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  edit: "M4 20h4L19 9l-4-4L4 16v4ZM13 7l4 4",
  latest: "M12 5v14M5.500 12.500 12 19l6.500-6.500",
  download: "M12 4v11M6.500 10 12 15.500 17.500 10M5 20h14",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  chat: "M4 5h16v11H9.500L5 20v-4H4z",
  shelves: "M4 5h16v5H4zM4 14h16v5H4zM8 7.500h3M8 16.500h3",
  pulse: "M3 12h4l2.500-7 5 14 2.500-7h4",
  refresh: "M20 12a8 8 0 1 1-2.300-5.700L20 8.500M20 4v4.500h-4.500",
  check: "M5 12.500 10 17.500 19.500 7",
  system: "M12 3a9 9 0 1 0 0 18V3Z M12 3a9 9 0 0 1 0 18",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400",
  dark: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500Z",
};

let policy;

function trusted(html) {
  policy ??= window.trustedTypes?.createPolicy("nightshift", { createHTML: (safe) => safe }) ?? { createHTML: (safe) => safe };
  return policy.createHTML(html);
}

// Only for HTML that the server rendered and cleaned.
export function showHtml(element, html) {
  element.innerHTML = trusted(html);
  return element;
}

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" })) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, properties = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...properties }, icon(name));
}

// Storage may be forbidden (private windows, blocked cookies); then nothing is remembered and all else works.
export function remember(key, value, storage = "localStorage") {
  try {
    if (value === null) window[storage].removeItem(key);
    else window[storage].setItem(key, value);
  } catch {
    return;
  }
}

export function recall(key, storage = "localStorage") {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

// Works on plain http too, where crypto.randomUUID does not exist.
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export async function copyText(text, button, done) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // The clipboard needs https; elsewhere the old way still works.
    const area = h("textarea", { readonly: true, class: "offscreen" });
    area.value = text;
    button.after(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const before = button.getAttribute("aria-label");
  button.setAttribute("aria-label", done);
  button.setAttribute("data-done", done);
  setTimeout(() => {
    button.setAttribute("aria-label", before);
    button.removeAttribute("data-done");
  }, 1600);
}
