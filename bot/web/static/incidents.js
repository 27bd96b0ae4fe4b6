// The page of incidents: those that are open first. What it is narrowed to is in the address; it updates itself.

import { h } from "./dom.js";
import { Frame } from "./frame.js";
import { badges, renewed, span } from "./incident_parts.js";
import { incidentWords } from "./incident_words.js";
import { Problem, Server } from "./server.js";
import { Switches } from "./switches.js";

const AGAIN_MS = 5_000;
const TYPING_MS = 250;
const FILTERS = ["status", "severity", "mode", "service"];
const OVER = ["resolved", "merged"];

const server = new Server("", "");
const switches = new Switches(speak);
const say = () => incidentWords(switches.language);

const heading = h("h1", { tabindex: "-1" });
const search = h("input", { type: "search", autocomplete: "off", enterkeyhint: "search" });
const filters = h("div", { class: "choices" });
const status = h("p", { class: "count", role: "status" });
const places = { open: h("section", { class: "incidents" }), over: h("section", { class: "incidents" }) };
const main = h("main", { class: "known" }, h("div", { class: "known-column" }, h("div", { class: "heading-row" }, heading), search, filters, status, places.open, places.over));
const frame = new Frame(server, switches, main);

// Pages of each part of the list, the first of them read again and again.
const parts = { open: [], over: [] };
let services = [];
let failed = false;
let reading = new AbortController();
let busy = false;
let typing = 0;
let shownAt = "";

function chosen() {
  return new URLSearchParams(location.hash.slice(1));
}

function choose(name, value) {
  const next = chosen();
  if (value) next.set(name, value);
  else next.delete(name);
  return `#${next}`;
}

function shownParts() {
  const only = chosen().get("status");
  return { open: !only || only === "open", over: only !== "open" };
}

function asked(part, before) {
  const query = chosen();
  const only = query.get("status");
  query.delete("status");
  if (part === "open") query.set("status", "open");
  else query.set("status", OVER.includes(only) ? only : "resolved");
  query.set("limit", part === "open" ? "200" : "50");
  if (before) query.set("before", before);
  return `/api/incidents?${query}`;
}

async function read() {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  busy = true;
  const wanted = Object.entries(shownParts()).filter(([, shown]) => shown).map(([part]) => part);
  try {
    const pages = await Promise.all(wanted.map(async (part) => (await server.call(asked(part), { signal })).json()));
    failed = false;
    wanted.forEach((part, at) => (parts[part] = [pages[at], ...parts[part].slice(1)]));
  } catch (problem) {
    if (signal.aborted) return;
    if (problem instanceof Problem && problem.code === "login") location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    failed = true;
  }
  busy = false;
  show();
}

async function readMore(part) {
  const { before } = parts[part].at(-1);
  const page = await server.get(asked(part, before)).catch(() => null);
  if (page) parts[part].push(page);
  failed = !page;
  show();
}

function listed(part) {
  const found = parts[part].flatMap((page) => page.incidents);
  return [...new Map(found.map((one) => [one.id, one])).values()];
}

function speak() {
  frame.speak(say());
  document.title = `${say().title} · Nightshift`;
  heading.textContent = say().title;
  search.setAttribute("placeholder", say().search);
  search.setAttribute("aria-label", say().search);
  shownAt = "";
  show();
}

function show() {
  // Nothing is touched when there is nothing new, so that what somebody selects or reads out stays.
  const minute = Math.floor(Date.now() / 60_000);
  const now = JSON.stringify([parts, failed, location.hash, minute]);
  if (now === shownAt) return;
  shownAt = now;
  const open = listed("open");
  services = [...new Set([...services, ...[...open, ...listed("over")].flatMap((one) => one.services)])].sort();
  showFilters();
  const narrowed = FILTERS.some((name) => chosen().has(name)) || chosen().has("text");
  status.textContent = failed ? (parts.open.length || parts.over.length ? say().stale : say().failed) : !parts.open.length && !parts.over.length ? say().loading : shownParts().open && open.length ? say().openCount(open.length) : "";
  for (const part of ["open", "over"]) {
    const shown = shownParts()[part] && parts[part].length > 0;
    renewed(places[part], shown ? section(part, listed(part), narrowed) : []);
    places[part].setAttribute("aria-label", say()[part]);
  }
}

function section(part, found, narrowed) {
  const nothing = narrowed ? say().noneFound : part === "open" ? say().noneOpen : say().noneOver;
  const more = parts[part].at(-1).before;
  return [
    h("h2", {}, say()[part]),
    found.length ? h("ul", {}, ...found.map(entry)) : h("p", { class: "none" }, nothing),
    more && h("button", { type: "button", class: "again", "data-key": `more ${part}`, onclick: () => readMore(part) }, say().more),
  ];
}

function entry(incident) {
  const facts = [incident.services.join(", "), span(incident, say(), switches.language), say().alerts(incident.alerts, incident.firing)];
  return h(
    "li",
    { class: `severity-${incident.severity}` },
    h(
      "a",
      { href: `/incidents/${encodeURIComponent(incident.id)}`, "data-key": `incident ${incident.id}` },
      h("span", { class: "incident-title" }, incident.title),
      h("span", { class: "badges" }, ...badges(incident, say())),
      h("span", { class: "about" }, facts.filter(Boolean).join(" · ")),
      incident.cause_says && h("span", { class: "cause" }, incident.cause_says),
    ),
  );
}

function showFilters() {
  const now = chosen();
  const options = { status: Object.entries(say().statuses), severity: Object.entries(say().severities), mode: Object.entries(say().modes), service: services.map((one) => [one, one]) };
  // What the address names stays in the list, even when no incident has it.
  if (now.get("service") && !services.includes(now.get("service"))) options.service.push([now.get("service"), now.get("service")]);
  const clear = FILTERS.some((name) => now.has(name)) || now.has("text");
  renewed(filters, [...FILTERS.map((name) => picker(name, options[name], now.get(name) ?? "")), clear && h("button", { type: "button", class: "again", onclick: clearFilters, "data-key": "clear" }, say().clear)]);
}

function picker(name, options, value) {
  const select = h("select", { "data-key": `filter ${name}`, onchange: (event) => (location.hash = choose(name, event.target.value)) }, h("option", { value: "" }, say().all), ...options.map(([key, label]) => h("option", { value: key }, label)));
  select.value = value;
  return h("label", {}, h("span", {}, say().filter[name]), select);
}

function clearFilters() {
  search.value = "";
  location.hash = "";
  heading.focus();
}

search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    // Each letter is no step for the browser's back button.
    history.replaceState(null, "", choose("text", search.value.trim()));
    moved();
  }, TYPING_MS);
});

function moved() {
  if (document.activeElement !== search) search.value = chosen().get("text") ?? "";
  parts.open = [];
  parts.over = [];
  show();
  read();
}

window.addEventListener("hashchange", moved);
document.addEventListener("visibilitychange", () => document.hidden || read());
// An answer that takes longer than the pause is waited for.
setInterval(() => document.hidden || busy || read(), AGAIN_MS);

speak();
moved();
