// The page of what is known: services as a tree, their documents, and the gaps. All of its state is in the address.

import { h, icon, iconButton } from "./dom.js";
import { knowledgeWords } from "./knowledge_words.js";
import { OpenIncidents } from "./open_incidents.js";
import { Problem, Server } from "./server.js";
import { SourcePanel } from "./source.js";
import { Switches } from "./switches.js";
import { languageTag, words } from "./words.js";

const LEVELS = ["service", "component", "symptom"];
const FACETS = ["kind", "language", "source", "owner"];
const TYPING_MS = 250;
const AGAIN_MS = 1500;

const server = new Server("", "");
const switches = new Switches(speak);
let known = null;
let gaps = null;
let failed = false;
let loading = new AbortController();
let typing = 0;

const brand = () => h("p", { class: "brand" }, h("img", { src: "/static/icon.svg", alt: "", width: "26", height: "26" }), "Nightshift");
const menuButton = iconButton("menu", "", () => showMenu(true), { "aria-expanded": "false", "aria-controls": "services" });
const closeButton = iconButton("close", "", () => showMenu(false), { class: "icon-button close-menu" });
const backLink = h("a", { class: "new", href: "/" });
const backShort = h("a", { class: "icon-button", href: "/" }, icon("chat"));
const incidents = new OpenIncidents(server);
const tree = h("ul", { class: "tree" });
const asOf = h("p", { class: "as-of" });
const nav = h("nav", { id: "services" }, h("div", { class: "top" }, brand(), closeButton), backLink, tree, h("div", { class: "bottom" }, incidents.element, asOf, switches.element));
const shade = h("div", { class: "shade", onclick: () => showMenu(false) });

const views = h("ul", { class: "views" });
const heading = h("h1", { tabindex: "-1" });
const askLink = h("a", { class: "ask" });
const search = h("input", { type: "search", autocomplete: "off", enterkeyhint: "search" });
const filters = h("div", { class: "filters" });
const status = h("p", { class: "count", role: "status" });
const list = h("div", { class: "list" });
const documents = h("section", {}, h("div", { class: "heading-row" }, heading, askLink), search, filters, status, list);
const gapStatus = h("p", { class: "count", role: "status" });
const gapList = h("div", { class: "gaps" });
const gapHeading = h("h1", {});
const gapSection = h("section", {}, gapHeading, gapStatus, gapList);
const main = h("main", { class: "known" }, h("div", { class: "known-column" }, views, documents, gapSection));

const reader = h("div", { class: "reader", hidden: true });
const panel = new SourcePanel({
  server,
  get words() {
    return words(switches.language);
  },
});
reader.attachShadow({ mode: "open" }).append(h("link", { rel: "stylesheet", href: "/static/chat.css" }), panel.element);
new MutationObserver(() => reader.toggleAttribute("hidden", panel.element.hidden)).observe(panel.element, { attributeFilter: ["hidden"] });

document.body.append(h("header", { class: "bar" }, menuButton, brand(), backShort), nav, shade, main, reader);

const say = () => knowledgeWords(switches.language);
const told = (title) => title[switches.language] ?? title.en;

function state() {
  return new URLSearchParams(location.hash.slice(1));
}

function address(change) {
  const next = state();
  change(next);
  return `#${next}`;
}

function placed(path) {
  return address((next) => {
    next.delete("view");
    for (const level of LEVELS) next.delete(level);
    for (const [level, key] of path) next.set(level, key);
  });
}

function speak() {
  switches.speak();
  const all = say();
  document.title = `${all.title} · Nightshift`;
  nav.setAttribute("aria-label", all.tree);
  backLink.replaceChildren(icon("chat"), all.back);
  incidents.speak(switches.words);
  for (const [element, label] of [[menuButton, all.menu], [closeButton, all.closeMenu], [backShort, all.back]]) {
    element.setAttribute("aria-label", label);
    element.setAttribute("title", label);
  }
  search.setAttribute("placeholder", all.search);
  search.setAttribute("aria-label", all.search);
  reader.setAttribute("lang", languageTag(switches.language));
  if (panel.shown) panel.open(panel.citation, panel.opener);
  show();
}

// Everything is shown anew; what has the keyboard's focus is found again by its key.
function show() {
  const focused = document.activeElement?.dataset?.key;
  const seen = state();
  const inGaps = seen.get("view") === "gaps";
  const place = path(seen);
  documents.hidden = inGaps;
  gapSection.hidden = !inGaps;
  views.replaceChildren(...[["", say().documents], ["gaps", say().gaps]].map(([view, label]) => viewLink(view, label, (view === "gaps") === inGaps)));
  showTree(seen, inGaps);
  showDocuments(seen, place);
  showGaps();
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function viewLink(view, label, current) {
  const href = address((next) => (view ? next.set("view", view) : next.delete("view")));
  return h("li", {}, h("a", { href, "aria-current": current ? "page" : null, "data-key": `view ${view}` }, label));
}

function path(seen) {
  return LEVELS.filter((level) => seen.has(level)).map((level) => [level, seen.get(level)]);
}

function showTree(seen, inGaps) {
  const here = path(seen);
  const everything = h("a", { href: placed([]), "aria-current": !inGaps && !here.length ? "page" : null, "data-key": "tree" }, h("span", {}, say().everything), known && h("span", { class: "number" }, String(known.everything)));
  tree.replaceChildren(h("li", {}, everything), ...(known?.tree ?? []).map((shelf) => branch(shelf, [], here, inGaps)));
  asOf.textContent = known?.ingested_at ? say().asOf(moment(known.ingested_at)) : "";
}

// A shelf, and those below it when it is on the way to the place that is shown.
function branch(shelf, above, here, inGaps) {
  const own = [...above, [LEVELS[above.length], shelf.key]];
  const open = !inGaps && own.every(([level, key]) => here.some(([one, at]) => one === level && at === key));
  const below = shelf.shelves.filter((one) => one.shelves.length || one.key);
  const current = open && here.length === own.length;
  const link = h(
    "a",
    { href: placed(own), "aria-current": current ? "page" : null, "aria-expanded": below.length ? String(open) : null, class: shelf.count ? null : "bare", "data-key": JSON.stringify(own) },
    h("span", {}, told(shelf.title)),
    h("span", { class: "number" }, String(shelf.count)),
  );
  return h("li", {}, link, open && below.length ? h("ul", {}, ...shelf.shelves.map((one) => branch(one, own, here, inGaps))) : null);
}

function titleOf(place) {
  let shelves = known?.tree ?? [];
  let depth = 0;
  const titles = place.map(([level, key]) => {
    const shelf = find(shelves, depth, LEVELS.indexOf(level), key);
    shelves = shelf?.shelves ?? [];
    depth = LEVELS.indexOf(level) + 1;
    return shelf ? told(shelf.title) : key;
  });
  return titles.join(" › ");
}

// A link may name a symptom without its component.
function find(shelves, depth, target, key) {
  if (depth === target) return shelves.find((shelf) => shelf.key === key);
  for (const shelf of shelves) {
    const below = find(shelf.shelves, depth + 1, target, key);
    if (below) return below;
  }
  return undefined;
}

function showDocuments(seen, place) {
  const title = titleOf(place);
  heading.textContent = title || say().title;
  askLink.hidden = !title || !known?.total;
  askLink.replaceChildren(icon("chat"), say().ask);
  askLink.href = `/#ask=${encodeURIComponent(say().question(title.replaceAll(" › ", ": ")))}`;
  if (document.activeElement !== search) search.value = seen.get("words") ?? "";
  showFilters(seen);
  if (failed || !known) {
    status.replaceChildren(failed ? say().failed : say().loading, failed ? retryButton() : "");
    list.replaceChildren();
    return;
  }
  const narrowed = Boolean(seen.get("words")) || FACETS.some((facet) => seen.has(facet));
  const nothing = !known.ingested_at ? say().empty : narrowed ? say().nothingFound : say().nothing;
  status.textContent = known.total ? say().count(known.total) : nothing;
  const rest = known.total - known.documents.length;
  list.replaceChildren(h("ul", {}, ...known.documents.map(entry)), rest ? h("p", { class: "count" }, say().more(rest)) : "");
}

function retryButton() {
  return h("button", { type: "button", class: "again", onclick: read }, say().retry);
}

function entry(one) {
  const about = [say().one[one.kind] ?? one.kind, say().languages[one.language] ?? one.language, one.owner, one.date].filter(Boolean);
  const open = (event) => panel.open({ document_id: one.id, title: one.title, link: one.link, quote: "" }, event.currentTarget);
  return h("li", {}, h("button", { type: "button", onclick: open, "data-key": `document ${one.id}` }, h("span", { class: "document-title" }, one.title), h("span", { class: "about" }, about.join(" · "))));
}

function showFilters(seen) {
  const chosen = FACETS.some((facet) => seen.has(facet)) || Boolean(seen.get("words"));
  const groups = FACETS.map((facet) => [facet, known?.facets[facet] ?? []]).filter(([facet, values]) => values.length > 1 || seen.has(facet));
  const clear = h("button", { type: "button", class: "again", onclick: clearFilters }, say().clear);
  filters.replaceChildren(...groups.map(([facet, values]) => filterGroup(facet, values, seen.getAll(facet))), chosen ? clear : "");
}

function filterGroup(facet, values, chosen) {
  const names = { kind: say().kinds, language: say().languages }[facet] ?? {};
  const chips = values.map(({ key, count }) => {
    const box = h("input", { type: "checkbox", onchange: () => toggle(facet, key), "data-key": `${facet} ${key}` });
    box.checked = chosen.includes(key);
    return h("label", { class: "chip" }, box, h("span", {}, names[key] ?? key), h("span", { class: "number" }, String(count)));
  });
  return h("fieldset", {}, h("legend", {}, say().facets[facet]), ...chips);
}

function toggle(facet, key) {
  location.hash = address((next) => {
    const before = next.getAll(facet);
    next.delete(facet);
    for (const one of before.includes(key) ? before.filter((other) => other !== key) : [...before, key]) next.append(facet, one);
  });
}

function clearFilters() {
  search.value = "";
  location.hash = address((next) => [...FACETS, "words"].forEach((name) => next.delete(name)));
  heading.focus();
}

function showGaps() {
  gapHeading.textContent = say().gaps;
  if (!gaps) {
    gapStatus.replaceChildren(failed ? say().failed : say().loading, failed ? retryButton() : "");
    gapList.replaceChildren();
    return;
  }
  gapStatus.textContent = gaps.complete ? (gaps.kinds.length ? say().scope : say().noGaps) : say().comparing;
  gapList.replaceChildren(...gaps.kinds.map(gapsOfAKind));
}

function gapsOfAKind(kind) {
  const rest = kind.total - kind.gaps.length;
  const title = h("h2", {}, told(kind.title), h("span", { class: "number" }, String(kind.total)));
  return h("section", { "aria-label": told(kind.title) }, title, h("p", { class: "advice" }, ...inCode(told(kind.advice))), h("ul", {}, ...kind.gaps.map((gap, at) => gapEntry(gap, `${kind.kind} ${at}`))), rest ? h("p", { class: "count" }, say().moreGaps(rest)) : "");
}

// A word between backticks is set as code.
function inCode(text) {
  return text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));
}

function gapEntry(gap, key) {
  // A gap that is one document needs its title only once.
  const alone = gap.places.length === 1 && told(gap.said).startsWith(gap.places[0].title);
  const places = gap.places.map((place, at) => placeEntry(place, `${key} ${at}`, alone ? told(gap.said) : null));
  return h("li", {}, alone ? null : h("p", { class: "said" }, told(gap.said)), places.length ? h("ul", { class: "places" }, ...places) : null);
}

function placeEntry(place, key, text) {
  const open = (event) => panel.open(place, event.currentTarget);
  const name = text ?? place.title;
  const button = h("button", { type: "button", onclick: open, "data-key": `gap ${key}` }, h("span", { class: "document-title" }, name), !text && place.date && h("span", { class: "about" }, place.date));
  return h("li", {}, button, place.quote ? h("blockquote", {}, place.quote) : null);
}

function moment(iso) {
  return new Intl.DateTimeFormat(languageTag(switches.language), { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(new Date(iso));
}

async function read() {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  failed = false;
  const seen = state();
  const inGaps = seen.get("view") === "gaps";
  seen.delete("view");
  try {
    const found = await (await server.call(`/api/knowledge?${seen}`, { signal })).json();
    known = found;
    show();
    if (inGaps) await readGaps(signal);
  } catch (problem) {
    if (signal.aborted) return;
    if (problem instanceof Problem && problem.code === "login") location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    failed = true;
    known = inGaps ? known : null;
    show();
  }
}

async function readGaps(signal) {
  for (;;) {
    gaps = await (await server.call("/api/knowledge/gaps", { signal })).json();
    show();
    if (gaps.complete) return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    if (signal.aborted) return;
  }
}

function showMenu(open) {
  const was = document.body.classList.contains("menu-open");
  document.body.classList.toggle("menu-open", open);
  menuButton.setAttribute("aria-expanded", String(open));
  if (open) closeButton.focus();
  else if (was) menuButton.focus();
}

search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    // Each letter is no step for the browser's back button.
    history.replaceState(null, "", address((next) => (search.value.trim() ? next.set("words", search.value.trim()) : next.delete("words"))));
    read();
  }, TYPING_MS);
});

tree.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  main.scrollTop = 0;
  // A service is opened to go on to its components; the list closes where a documents' place is reached.
  if (link.getAttribute("aria-expanded") !== "false") showMenu(false);
});

window.addEventListener("hashchange", () => {
  show();
  read();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (panel.shown) panel.close();
  else showMenu(false);
});

speak();
read();
