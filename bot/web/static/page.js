// The product page: the list of conversations around <nightshift-chat>, the switches, and the address of a thread.

import "./chat.js";
import { h, icon, iconButton, recall, remember } from "./dom.js";
import { Problem, Server } from "./server.js";
import { browserLanguage, languageTag, words } from "./words.js";

const THEMES = ["auto", "light", "dark"];
const THEME_ICONS = { auto: "system", light: "light", dark: "dark" };

const server = new Server("", "");
let language = recall("nightshift.language") ?? browserLanguage();
let theme = recall("nightshift.theme") ?? "auto";
let listed = [];
let session = null;

const chat = h("nightshift-chat", { language, thread: threadInAddress() });
const brand = () => h("p", { class: "brand" }, h("img", { src: "/static/icon.svg", alt: "", width: "26", height: "26" }), "Nightshift");
const menuButton = iconButton("menu", "", () => showMenu(true), { "aria-expanded": "false", "aria-controls": "threads" });
const closeButton = iconButton("close", "", () => showMenu(false), { class: "icon-button close-menu" });
const newButton = h("button", { type: "button", class: "new", onclick: startThread });
const newShort = iconButton("plus", "", startThread);
const list = h("ol", { class: "threads" });
const nav = h("nav", { id: "threads" });
const languageButton = h("button", { type: "button", class: "switch", onclick: switchLanguage });
const themeButton = h("button", { type: "button", class: "icon-button", onclick: switchTheme });
const person = h("div", { class: "person" });
const shade = h("div", { class: "shade", onclick: () => showMenu(false) });

nav.append(h("div", { class: "top" }, brand(), closeButton), newButton, list, h("div", { class: "bottom" }, person, h("div", { class: "switches" }, languageButton, themeButton)));
document.body.append(h("header", { class: "bar" }, menuButton, brand(), newShort), nav, shade, h("main", {}, chat));

function threadInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("thread");
}

function speak() {
  const say = words(language);
  document.documentElement.lang = languageTag(language);
  nav.setAttribute("aria-label", say.threads);
  newButton.replaceChildren(icon("plus"), say.newThread);
  for (const [button, label] of [[menuButton, say.menu], [closeButton, say.closeMenu], [newShort, say.newThread], [themeButton, say.theme[theme]]]) {
    button.setAttribute("aria-label", label);
    button.setAttribute("title", label);
  }
  languageButton.textContent = say.language;
  languageButton.setAttribute("aria-label", say.languageLabel);
  languageButton.setAttribute("lang", language === "zh" ? "en" : "zh-CN");
  themeButton.replaceChildren(icon(THEME_ICONS[theme]));
  chat.setAttribute("language", language);
  showPerson();
  showThreads();
}

function showPerson() {
  const say = words(language);
  const leave = h("form", { method: "post", action: "/logout" }, h("button", { type: "submit", class: "switch" }, say.signOut));
  person.replaceChildren(...(session?.name ? [h("span", { class: "who", title: session.name }, session.name)] : []), ...(session?.login === "token" ? [leave] : []));
}

function showThreads() {
  const entry = (thread) =>
    h("li", {}, h("a", { href: `#thread=${encodeURIComponent(thread.id)}`, "aria-current": thread.id === chat.threadId ? "page" : null }, h("span", { class: "thread-title" }, thread.title), h("time", { datetime: thread.updated_at }, when(thread.updated_at))));
  list.replaceChildren(...(listed.length ? listed.map(entry) : [h("li", { class: "none" }, words(language).noThreads)]));
}

function when(moment) {
  const date = new Date(moment);
  const today = date.toDateString() === new Date().toDateString();
  const shape = today ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : { month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(languageTag(language), shape).format(date);
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

function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  remember("nightshift.language", language);
  speak();
}

function switchTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  remember("nightshift.theme", theme === "auto" ? null : theme);
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  speak();
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

speak();
readThreads();
readSession();
if (!matchMedia("(pointer: coarse)").matches) chat.focusBox();
