// What a diagnosis says: the verdict, hypotheses with what speaks for and against them, findings, evidence, the cost.

import { h, icon } from "./dom.js";
import { clock, time } from "./incident_parts.js";
import { linesView } from "./lines.js";

const MOST_STEPS_OPEN = 12;

// A view of one diagnosis; ``open(evidence, button)`` opens the page that a piece of evidence is out of.
export class DiagnosisView {
  constructor(story, say, language, open) {
    this.diagnosis = story.diagnosis;
    this.incident = story.incident;
    this.say = say;
    this.language = language;
    this.open = open;
    this.numbers = new Map(this.diagnosis.evidence.map((one, at) => [one.id, at + 1]));
    this.named = new Map(this.diagnosis.findings.map((one) => [one.id, one]));
  }

  verdict() {
    const { diagnosis, say } = this;
    const { outcome, hypotheses, rule } = diagnosis.verdict;
    const leading = hypotheses[0];
    // Where a model adds to the rules' own sentence on the cause, that sentence comes first in the summary too.
    const more = leading && diagnosis.summary.startsWith(leading.says) ? diagnosis.summary.slice(leading.says.length).trim() : diagnosis.summary;
    const shown = diagnosis.evidence.find((one) => one.chart && this.cited(leading).has(one.id)) ?? diagnosis.evidence.find((one) => one.chart);
    return [
      leading && h("p", { class: "cause" }, h("span", { class: "label" }, say.cause[outcome]), leading.says),
      more && h("p", { class: "summary" }, more),
      diagnosis.impact && h("p", {}, h("span", { class: "label" }, say.impact), diagnosis.impact),
      !diagnosis.in_time && h("p", { class: "callout" }, say.late),
      diagnosis.withheld > 0 && h("p", { class: "callout" }, say.withheld(diagnosis.withheld)),
      shown && this.chart(shown),
      rule && h("p", { class: "rule" }, h("span", { class: "label" }, say.rule), rule),
    ];
  }

  cited(hypothesis) {
    return new Set((hypothesis?.supports ?? []).flatMap((id) => this.named.get(id)?.cites ?? []));
  }

  chart(evidence) {
    return linesView(evidence.chart, evidence.heading || evidence.title, new Date(this.incident.began) / 1000, this.say, this.language);
  }

  nextSteps() {
    return this.list(this.diagnosis.next_steps, "ol");
  }

  // Sentences with the evidence that they rest on.
  list(sentences, tag = "ul") {
    return sentences.length ? [h(tag, { class: "sentences" }, ...sentences.map((one) => h("li", {}, one.says, this.marks(one.cites))))] : [];
  }

  marks(cites) {
    return cites
      .filter((id) => this.numbers.has(id))
      .map((id) => {
        const number = this.numbers.get(id);
        return h("a", { class: "mark", href: `#evidence-${number}`, "aria-label": this.say.evidenceNumber(number), onclick: () => unfold(number) }, String(number));
      });
  }

  hypotheses() {
    return this.diagnosis.verdict.hypotheses.map((one, at) => this.hypothesis(one, at));
  }

  hypothesis(one, at) {
    const { say } = this;
    const percent = Math.round(one.score * 100);
    const meter = h("meter", { min: "0", max: "100", value: String(percent), "aria-label": say.score(percent), title: say.score(percent) });
    const about = [say.categories[one.cause], one.service].filter(Boolean).join(" · ");
    const attacks = one.attacks.map((attack) => h("li", {}, h("span", { class: `badge attack-${attack.outcome}` }, say.attackOutcomes[attack.outcome]), h("span", {}, attack.asks, attack.says && ` ${attack.says}`, this.marks(attack.cites))));
    return h(
      "article",
      { class: at === 0 ? "hypothesis leading" : "hypothesis" },
      h("h3", {}, one.says),
      h("p", { class: "about" }, about, meter, h("span", { class: "number", "aria-hidden": "true" }, String(percent))),
      h("div", { class: "sides" }, this.side(say.supports, one.supports, true), this.side(say.contradicts, one.contradicts, one.supports.length === 0)),
      attacks.length ? h("div", {}, h("p", { class: "label" }, say.attacks), h("ul", { class: "attacks" }, ...attacks)) : null,
    );
  }

  side(label, ids, always) {
    const found = ids.map((id) => this.named.get(id)).filter(Boolean);
    if (!found.length && !always) return null;
    const entries = found.map((one) => h("li", {}, h("a", { href: `#finding-${encodeURIComponent(one.id)}` }, one.says), this.marks(one.cites)));
    return h("div", {}, h("p", { class: "label" }, label), found.length ? h("ul", { class: "sentences" }, ...entries) : h("p", { class: "about" }, this.say.nothingFor));
  }

  findings() {
    const { say, language } = this;
    const entry = (one) => {
      const about = [say.kinds[one.kind], one.service, expert(one.by, say)].filter(Boolean).join(" · ");
      return h(
        "li",
        { id: `finding-${one.id}` },
        h("p", {}, one.says, this.marks(one.cites)),
        one.quote && h("blockquote", {}, one.quote),
        h("p", { class: "about" }, about, one.at && " · ", one.at && time(one.at, language)),
      );
    };
    return this.diagnosis.findings.length ? [h("ul", { class: "findings" }, ...this.diagnosis.findings.map(entry))] : [];
  }

  evidence() {
    const { say } = this;
    return this.diagnosis.evidence.map((one, at) => {
      const links = [
        one.link && h("a", { class: "quiet-link", href: one.link, target: "_blank", rel: "noopener noreferrer nofollow" }, say.system, icon("external")),
        one.document_id && h("button", { type: "button", class: "again", onclick: (event) => this.open(one, event.currentTarget) }, say.page),
      ].filter(Boolean);
      return h(
        "details",
        { id: `evidence-${at + 1}`, "data-key": `evidence ${one.id}`, class: "evidence" },
        h("summary", {}, h("span", { class: "mark" }, String(at + 1)), h("span", { class: "evidence-title" }, one.title), one.heading && h("span", { class: "about" }, one.heading)),
        one.query && h("p", { class: "asked" }, h("span", { class: "label" }, say.query), h("code", {}, one.query)),
        one.chart && this.chart(one),
        one.table && this.table(one.table),
        one.text && h("pre", { tabindex: "0" }, one.text),
        links.length ? h("p", { class: "row" }, ...links) : null,
      );
    });
  }

  table(table) {
    const head = h("tr", {}, ...table.columns.map((name) => h("th", { scope: "col" }, name)));
    const body = table.rows.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, cell))));
    return h("div", {}, wide(table.title, h("thead", {}, head), h("tbody", {}, ...body)), h("p", { class: "count" }, this.say.rows(table.rows.length, table.total)));
  }

  steps() {
    const { say, language, numbers } = this;
    const { steps } = this.diagnosis;
    if (!steps.length) return [];
    const row = (one) => {
      const done = say.outcomesOfSteps[one.outcome] ?? one.outcome;
      const cells = [one.at ? time(one.at, language, clock(one.at, language)) : "", expert(one.by, say), one.does, one.tool && h("code", {}, one.tool), [done, numbers.has(one.evidence) && this.marks([one.evidence])].flat()];
      return h("tr", {}, ...cells.map((cell) => h("td", {}, ...[cell].flat().filter(Boolean))), h("td", { class: "figures" }, one.seconds.toFixed(1)));
    };
    const head = h("tr", {}, ...say.stepHeads.map((name, at) => h("th", { scope: "col", class: at === 5 && "figures" }, name)));
    const table = wide(say.steps, h("thead", {}, head), h("tbody", {}, ...steps.map(row)));
    return [h("details", { class: "all-steps", "data-key": "steps", open: steps.length <= MOST_STEPS_OPEN }, h("summary", {}, say.stepCount(steps.length)), table)];
  }

  cost() {
    const { say, diagnosis } = this;
    const { spent, steps } = diagnosis;
    const experts = [...new Set(steps.map((one) => one.by))];
    const row = (name, own) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "figures" }, String(own.length)), h("td", { class: "figures" }, own.reduce((all, one) => all + one.seconds, 0).toFixed(1)));
    const head = h("tr", {}, ...say.costHeads.map((name, at) => h("th", { scope: "col", class: at > 0 && "figures" }, name)));
    const models = spent.level === "none" ? [say.noModel] : [say.model[spent.level](spent.model), say.tokens(spent.tokens_in, spent.tokens_out), say.modelSeconds(round(spent.seconds)), spent.currency ? say.price(round(spent.cost, 4), spent.currency) : say.noPrice];
    return [
      h("ul", { class: "receipt" }, ...[say.elapsed(round(diagnosis.seconds)), ...models].map((one) => h("li", {}, one))),
      experts.length ? wide(say.cost, h("thead", {}, head), h("tbody", {}, ...experts.map((one) => row(expert(one, say), steps.filter((step) => step.by === one)))), h("tfoot", {}, row(say.whole, steps))) : null,
    ];
  }
}

export function wide(label, ...parts) {
  return h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": label }, h("table", {}, ...parts));
}

function expert(name, say) {
  return say.experts[name] ?? name;
}

function round(value, digits = 1) {
  return String(Number(value.toFixed(digits)));
}

// A mark leads to evidence that is folded; it has to open before the browser goes there.
function unfold(number) {
  document.querySelector(`#evidence-${number}`)?.setAttribute("open", "");
}
