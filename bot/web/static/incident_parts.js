// Pieces that both incident pages show: badges, moments, and how long something took.

import { h } from "./dom.js";
import { languageTag } from "./words.js";

const MINUTE_MS = 60_000;

export function badges(incident, say) {
  const { severity, status, outcome, mode } = incident;
  return [
    h("span", { class: `badge severity-${severity}` }, say.severities[severity]),
    status !== "open" && h("span", { class: "badge" }, say.statuses[status]),
    h("span", { class: `badge outcome-${outcome ?? "none"}` }, outcome ? say.outcomes[outcome] : say.noVerdict),
    mode !== "live" && h("span", { class: "badge quiet-mode" }, say.modes[mode]),
    incident.flapping && h("span", { class: "badge caution" }, say.flapping),
  ].filter(Boolean);
}

// When it was, with the day unless that is today.
export function moment(iso, language) {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  const shape = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(today ? {} : { month: "short", day: "numeric" }) };
  return new Intl.DateTimeFormat(languageTag(language), shape).format(date);
}

export function clock(iso, language) {
  return new Intl.DateTimeFormat(languageTag(language), { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(iso));
}

export function time(iso, language, text = moment(iso, language)) {
  const whole = new Intl.DateTimeFormat(languageTag(language), { dateStyle: "full", timeStyle: "long" }).format(new Date(iso));
  return h("time", { datetime: iso, title: whole }, text);
}

export function span(incident, say, language) {
  const over = incident.resolved_at;
  const minutes = Math.max(0, Math.floor((new Date(over ?? Date.now()) - new Date(incident.began)) / MINUTE_MS));
  const words = over ? say.fromTo(moment(incident.began, language), moment(over, language)) : say.since(moment(incident.began, language));
  return `${words} (${say.duration(minutes)})`;
}

// Shows anew what a function makes, with what was open, what has the keyboard's focus, and where it stands.
export function renewed(place, children) {
  const focused = document.activeElement;
  const key = focused?.closest?.("[data-key]")?.dataset.key;
  const open = new Map([...place.querySelectorAll("details[data-key]")].map((one) => [one.dataset.key, one.open]));
  place.replaceChildren(...children.filter(Boolean));
  for (const one of place.querySelectorAll("details[data-key]")) {
    if (open.has(one.dataset.key)) one.open = open.get(one.dataset.key);
  }
  if (focused?.isConnected && place.contains(focused)) focused.focus({ preventScroll: true });
  else if (key) place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
