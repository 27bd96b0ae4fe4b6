// The product page: the list of conversations around <nightshift-chat>, the switches, and the address of a thread.

import "./chat.js";
import { h, icon, iconButton } from "./dom.js";
import { OpenIncidents } from "./open_incidents.js";
import { Problem, Server } from "./server.js";
import { Switches } from "./switches.js";
import { languageTag } from "./words.js";

const server = new Server("", "");
const switches = new Switches(speak);
let listed = [];
let session = null;

const chat = h("nightshift-chat", { language: switches.language, thread: threadInAddress() });
const brand = () => h("p", { class: "brand" }, h("img", { src: "/static/icon.svg", alt: "", width: "26", height: "26" }), "Nightshift");
const menuButton = iconButton("menu", "", () => showMenu(true), { "aria-expanded": "false", "aria-controls": "threads" });
const closeButton = iconButton("close", "", () => showMenu(false), { class: "icon-button close-menu" });
const newButton = h("button", { type: "button", class: "new", onclick: startThread });
const newShort = iconButton("plus", "", startThread);
const list = h("ol", { class: "threads" });
const nav = h("nav", { id: "threads" });
const incidents = new OpenIncidents(server);
const knownLink = h("a", { class: "known-link", href: "/knowledge" });
const person = h("div", { class: "person" });
const shade = h("div", { class: "shade", onclick: () => showMenu(false) });

nav.append(h("div", { class: "top" }, brand(), closeButton), newButton, list, h("div", { class: "bottom" }, incidents.element, knownLink, person, switches.element));
document.body.append(h("header", { class: "bar" }, menuButton, brand(), newShort), nav, shade, h("main", {}, chat));

function threadInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("thread");
}

function speak() {
  const say = switches.words;
  switches.speak();
  nav.setAttribute("aria-label", say.threads);
  newButton.replaceChildren(icon("plus"), say.newThread);
  for (const [button, label] of [[menuButton, say.menu], [closeButton, say.closeMenu], [newShort, say.newThread]]) {
    button.setAttribute("aria-label", label);
    button.setAttribute("title", label);
  }
  incidents.speak(say);
  knownLink.replaceChildren(icon("shelves"), say.known);
  chat.setAttribute("language", switches.language);
  showPerson();
  showThreads();
}

function showPerson() {
  const say = switches.words;
  const leave = h("form", { method: "post", action: "/logout" }, h("button", { type: "submit", class: "switch" }, say.signOut));
  person.replaceChildren(...(session?.name ? [h("span", { class: "who", title: session.name }, session.name)] : []), ...(session?.login === "token" ? [leave] : []));
}

function showThreads() {
  const entry = (thread) =>
    h("li", {}, h("a", { href: `#thread=${encodeURIComponent(thread.id)}`, "aria-current": thread.id === chat.threadId ? "page" : null }, h("span", { class: "thread-title" }, thread.title || switches.words.pictureOnly), h("time", { datetime: thread.updated_at }, when(thread.updated_at))));
  list.replaceChildren(...(listed.length ? listed.map(entry) : [h("li", { class: "none" }, switches.words.noThreads)]));
}

function when(moment) {
  const date = new Date(moment);
  const today = date.toDateString() === new Date().toDateString();
  const shape = today ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : { month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(languageTag(switches.language), shape).format(date);
}

async function readThreads() {
  try {
    listed = (await server.get("/api/threads")).threads;
  } catch (problem) {
    if (problem instanceof Problem && problem.code === "login") location.assign("/login");
    return;
  }
  showThreads();
}

async function readSession() {
  session = await server.get("/api/session").catch(() => null);
  showPerson();
}

function startThread() {
  showMenu(false);
  history.pushState(null, "", location.pathname);
  chat.newThread();
  showThreads();
}

function showMenu(open) {
  const was = document.body.classList.contains("menu-open");
  document.body.classList.toggle("menu-open", open);
  menuButton.setAttribute("aria-expanded", String(open));
  if (open) closeButton.focus();
  else if (was) menuButton.focus();
}

chat.addEventListener("nightshift-thread", (event) => {
  if (event.detail.id !== threadInAddress()) history.pushState(null, "", `#thread=${encodeURIComponent(event.detail.id)}`);
  readThreads();
});

// Following a link in the list, and the browser's own back and forward.
function moved() {
  const thread = threadInAddress();
  if (thread === chat.threadId) return;
  showMenu(false);
  if (thread) chat.openThread(thread);
  else chat.newThread();
  showThreads();
}

window.addEventListener("hashchange", moved);
window.addEventListener("popstate", moved);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") showMenu(false);
});

// A question that another page put into the address goes into the box; it is sent by whoever reads it there.
function takeQuestion() {
  const question = new URLSearchParams(location.hash.slice(1)).get("ask");
  if (question === null) return;
  history.replaceState(null, "", location.pathname);
  chat.suggest(question);
}

speak();
readThreads();
readSession();
takeQuestion();
if (!matchMedia("(pointer: coarse)").matches) chat.focusBox();
