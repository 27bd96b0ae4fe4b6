// What is recorded of an incident beside its diagnosis: the timeline, alerts, where people were told, what they said.

import { h, icon } from "./dom.js";
import { wide } from "./incident_diagnosis.js";
import { clock, moment, time } from "./incident_parts.js";

export function timeline(story, say, language) {
  const alerts = story.alerts.filter((one) => !one.told).flatMap((one) => [
    { at: one.started_at, kind: "alert", text: say.fired(one.name) },
    one.ended_at && { at: one.ended_at, kind: "over", text: say.ended(one.name) },
  ]);
  const dated = (story.diagnosis?.findings ?? []).filter((one) => one.at && ["change", "break", "event"].includes(one.kind)).map((one) => ({ at: one.at, kind: one.kind, text: one.says }));
  const all = [...story.timeline, ...alerts, ...dated].filter(Boolean).sort((one, other) => new Date(one.at) - new Date(other.at));
  const days = new Set(all.map((one) => new Date(one.at).toDateString())).size;
  const entry = (one) => h("li", { class: `moment-${one.kind}` }, time(one.at, language, days > 1 ? moment(one.at, language) : clock(one.at, language)), h("span", {}, one.text));
  return all.length ? [h("ol", { class: "timeline" }, ...all.map(entry))] : [];
}

export function alerts(story, say, language) {
  const entry = (one) => {
    const facts = [say.severities[one.severity], one.service, one.source, say.reports(one.reports), one.silenced && say.silenced].filter(Boolean).join(" · ");
    const labels = Object.entries(one.labels).map(([name, value]) => `${name}=${value}`).join(", ");
    return h(
      "li",
      {},
      h("p", {}, h("span", { class: one.status === "firing" ? "badge severity-critical" : "badge" }, one.status === "firing" ? say.firing : say.ended_), " ", h("strong", {}, one.name), ...[[one.link, say.source], [one.runbook, say.runbook]].filter(([link]) => link).map(([link, name]) => away(link, name))),
      one.summary && h("p", {}, one.summary, one.value && ` (${one.value})`),
      h("p", { class: "about" }, facts, " · ", time(one.started_at, language), one.ended_at && " – ", one.ended_at && time(one.ended_at, language)),
      labels && h("p", { class: "about labels" }, labels),
    );
  };
  return story.alerts.length ? [h("ul", { class: "findings" }, ...story.alerts.map(entry))] : [];
}

export function places(story, say) {
  if (!story.places.length) return [h("p", { class: "about" }, story.incident.mode === "live" ? say.nowhere : say.nowhereShadow)];
  const entry = (one) => {
    const state = one.arrived ? say.rungs[one.rung] ?? say.arrived : say.notArrived;
    const name = `${one.channel} ${one.conversation}`;
    return h("li", {}, one.link ? away(one.link, name) : name, " ", h("span", { class: one.arrived ? "badge outcome-confirmed" : "badge caution" }, state), one.arrived && one.late && h("span", { class: "about" }, ` ${say.update}`));
  };
  return [h("ul", { class: "sentences plain-list" }, ...story.places.map(entry))];
}

export function judgements(story, say, language) {
  const entry = (one) => {
    const name = one.own ? say.you : one.author;
    return h("li", {}, h("strong", {}, (one.right ? say.saidRight : say.saidWrong)(name)), one.cause && ` ${one.cause}`, h("span", { class: "about" }, " · ", time(one.given_at, language)));
  };
  return story.judgements.length ? [h("ul", { class: "sentences plain-list" }, ...story.judgements.map(entry))] : [];
}

export function runs(story, say, language) {
  const rows = story.runs.map((one) => {
    const shown = one.id === story.diagnosis?.id;
    const words = [say.runStates[one.state], one.ended_at && say.elapsed(Math.round((new Date(one.ended_at) - new Date(one.begun_at)) / 1000))].filter(Boolean).join(" · ");
    const name = time(one.begun_at, language);
    return h("tr", {}, h("td", {}, one.state === "diagnosed" && !shown ? h("a", { href: `?diagnosis=${encodeURIComponent(one.id)}` }, name) : name), h("td", {}, words), h("td", {}, shown && say.shown));
  });
  return rows.length > 1 ? [wide(say.runs, h("tbody", {}, ...rows))] : [];
}

export function similar(story, say, open) {
  const entry = (one) => {
    if (one.incident_id) return h("li", {}, h("a", { href: `/incidents/${encodeURIComponent(one.incident_id)}` }, one.title));
    return h("li", {}, h("button", { type: "button", class: "again", onclick: (event) => open({ ...one, chunk_id: "", link: "", text: "" }, event.currentTarget) }, one.title));
  };
  const found = story.diagnosis?.similar ?? [];
  return found.length ? [h("ul", { class: "sentences" }, ...found.map(entry))] : [];
}

function away(link, name) {
  return h("a", { class: "quiet-link", href: link, target: "_blank", rel: "noopener noreferrer nofollow" }, name, icon("external"));
}
