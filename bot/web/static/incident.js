// The page of one incident: what is broken, why, how that was found out, and what people did. It updates itself.

import { h } from "./dom.js";
import { Frame } from "./frame.js";
import { Actions } from "./incident_actions.js";
import { DiagnosisView } from "./incident_diagnosis.js";
import { badges, renewed, span } from "./incident_parts.js";
import { alerts, judgements, places, runs, similar, timeline } from "./incident_record.js";
import { incidentWords } from "./incident_words.js";
import { Problem, Server } from "./server.js";
import { SourcePanel } from "./source.js";
import { Switches } from "./switches.js";
import { languageTag, words } from "./words.js";

const RUNNING_MS = 3_000;
const RESTING_MS = 10_000;

const id = decodeURIComponent(location.pathname.split("/").pop());
const wanted = new URLSearchParams(location.search).get("diagnosis") ?? "";
const server = new Server("", "");
const switches = new Switches(speak);
const say = () => incidentWords(switches.language);

const head = h("div", { class: "incident-head" });
const place = h("div", { class: "incident" });
const status = h("p", { class: "count", role: "status" });
const contents = h("ul", { class: "tree contents" });
const main = h("main", { class: "known" }, h("div", { class: "known-column" }, head, status, place));
const frame = new Frame(server, switches, main, contents);
const actions = new Actions(server, id, read);

const reader = h("div", { class: "reader", hidden: true });
const panel = new SourcePanel({
  server,
  get words() {
    return words(switches.language);
  },
});
reader.attachShadow({ mode: "open" }).append(h("link", { rel: "stylesheet", href: "/static/chat.css" }), panel.element);
new MutationObserver(() => reader.toggleAttribute("hidden", panel.element.hidden)).observe(panel.element, { attributeFilter: ["hidden"] });
document.body.append(reader);

let story = null;
let shownAs = "";
let shownAt = 0;
let problem = "";
let waiting = 0;
let reading = new AbortController();

function speak() {
  frame.speak(say());
  actions.speak(say(), switches.language);
  reader.setAttribute("lang", languageTag(switches.language));
  shownAs = "";
  show();
  // Tables have words of ours in them.
  if (story) read();
}

async function read() {
  clearTimeout(waiting);
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  try {
    const query = new URLSearchParams({ diagnosis: wanted, language: switches.language });
    story = await (await server.call(`/api/incidents/${encodeURIComponent(id)}?${query}`, { signal })).json();
    problem = "";
  } catch (wrong) {
    if (signal.aborted) return;
    if (wrong instanceof Problem && wrong.code === "login") location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    problem = wrong.code === "missing" ? "missing" : story ? "stale" : "failed";
  }
  show();
  const running = story?.runs.some((one) => one.state === "runs");
  if (problem !== "missing") waiting = setTimeout(() => document.hidden || read(), running ? RUNNING_MS : RESTING_MS);
}

function show() {
  status.textContent = problem ? say()[problem] : story ? "" : say().loading;
  if (!story) return;
  // How long it has lasted changes every minute; all else is touched only when there is something new, so that what
  // somebody selects or reads out stays.
  const now = JSON.stringify(story);
  const minute = Math.floor(Date.now() / 60_000);
  if (now === shownAs && minute === shownAt) return;
  shownAt = minute;
  if (now === shownAs) {
    renewed(head, heading());
    return;
  }
  shownAs = now;
  document.title = `${story.incident.title} · Nightshift`;
  actions.show(story);
  renewed(head, heading());
  const sections = parts().filter(([, , children]) => children.some(Boolean));
  renewed(place, sections.map(([key, title, children]) => h("section", { id: key, "aria-labelledby": `${key}-title` }, h("h2", { id: `${key}-title` }, title), ...children.filter(Boolean))));
  contents.setAttribute("aria-label", say().onThisPage);
  renewed(contents, sections.map(([key, title]) => h("li", {}, h("a", { href: `#${key}`, "data-key": `contents ${key}` }, title))));
}

function heading() {
  const { incident, diagnosis } = story;
  const link = (to, words) => h("a", { href: `/incidents/${encodeURIComponent(to)}` }, words);
  const facts = [
    incident.services.join(", "),
    span(incident, say(), switches.language),
    incident.environment && say().environment(incident.environment),
    say().alerts(incident.alerts, incident.firing),
    incident.reported_by && say().reportedBy(incident.reported_by),
    diagnosis?.on_call && say().onCall(diagnosis.on_call),
  ];
  return [
    h("p", { class: "crumb" }, h("a", { href: "/incidents", "data-key": "list" }, say().title), ` › ${incident.id}`),
    h("h1", {}, diagnosis?.headline || incident.title),
    diagnosis?.headline && diagnosis.headline !== incident.title && h("p", { class: "about" }, incident.title),
    h("p", { class: "badges" }, ...badges(incident, say()), story.runs.some((one) => one.state === "runs") && h("span", { class: "badge looking" }, say().looking)),
    h("ul", { class: "receipt" }, ...facts.filter(Boolean).map((one) => h("li", {}, one))),
    incident.again_of && h("p", { class: "about" }, `${say().againOf} `, link(incident.again_of, incident.again_of), incident.differs && `; ${say().differs}`),
    incident.merged_into && h("p", { class: "about" }, `${say().mergedInto} `, link(incident.merged_into, incident.merged_into)),
    actions.element,
  ];
}

function parts() {
  const language = switches.language;
  const words = say();
  const found = story.diagnosis ? new DiagnosisView(story, words, language, open) : null;
  const bare = (sentences) => (sentences.length ? [h("ul", { class: "sentences" }, ...sentences.map((one) => h("li", {}, one)))] : []);
  return [
    ["verdict", words.verdict, verdict(found)],
    ["next", words.nextSteps, found?.nextSteps() ?? []],
    ["hypotheses", words.hypotheses, found?.hypotheses() ?? []],
    ["findings", words.findings, found?.findings() ?? []],
    ["evidence", words.evidence, found?.evidence() ?? []],
    ["excluded", words.ruledOut, found?.list(story.diagnosis.excluded) ?? []],
    ["gaps", words.gaps, bare(story.diagnosis?.gaps ?? [])],
    ["similar", words.similar, similar(story, words, open)],
    ["timeline", words.timeline, timeline(story, words, language)],
    ["alerts", words.alertsTitle, alerts(story, words, language)],
    ["steps", words.steps, found?.steps() ?? []],
    ["cost", words.cost, found?.cost() ?? []],
    ["places", words.places, places(story, words)],
    ["judgements", words.judgements, judgements(story, words, language)],
    ["runs", words.runs, runs(story, words, language)],
    ["postmortem", words.postmortem, [actions.drafting]],
  ];
}

function verdict(found) {
  const running = story.runs.some((one) => one.state === "runs");
  if (!found) return [h("p", { class: running ? "" : "about" }, running ? say().lookingLong : say().noDiagnosis)];
  const latest = story.runs.find((one) => one.state === "diagnosed");
  const said = story.judgements.find((one) => one.cause);
  return [
    latest.id !== story.diagnosis.id && h("p", { class: "callout" }, say().earlier, " ", h("a", { href: location.pathname }, say().latest)),
    said && said === story.judgements[0] && h("p", { class: "cause by-person" }, h("span", { class: "label" }, say().saidCause), said.cause),
    ...found.verdict(),
    actions.judging,
  ];
}

function open(evidence, opener) {
  panel.open({ ...evidence, quote: evidence.text ?? "" }, opener);
}

document.addEventListener("visibilitychange", () => document.hidden || read());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && panel.shown) panel.close();
});

speak();
read().then(() => {
  // The browser went to the part of the address before it was there.
  const part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (part?.tagName === "DETAILS") part.open = true;
  part?.scrollIntoView();
});
