// What people do on an incident's page: judge the diagnosis, look again, close it, write a postmortem's draft.

import { copyText, h, icon } from "./dom.js";

const KEPT_MS = 60_000;

// Buttons that keep what is typed while the page around them is shown anew.
export class Actions {
  constructor(server, id, changed) {
    this.server = server;
    this.path = `/api/incidents/${encodeURIComponent(id)}`;
    this.id = id;
    this.changed = changed;
    this.status = h("p", { class: "count", role: "status" });
    this.again = button("again", () => this.do("diagnose", {}, this.say.began));
    this.resolve = button("resolve", () => this.sure(true));
    this.question = h("span", {});
    this.yes = button("yes", () => this.close());
    this.no = button("no", () => this.sure(false));
    this.asking = h("div", { class: "callout row", hidden: true, role: "group" }, this.question, this.yes, this.no);
    this.element = h("div", { class: "actions" }, h("div", { class: "row" }, this.again, this.resolve), this.asking, this.status);
    this.makeJudging();
    this.makeDraft();
  }

  makeJudging() {
    this.judgeLabel = h("span", { id: "judge" });
    this.right = button("right", () => this.judge(true, ""));
    this.wrong = button("wrong", () => this.showForm(this.form.hidden));
    this.was = h("textarea", { rows: "2", maxlength: "2000", id: "was" });
    this.wasLabel = h("label", { for: "was" });
    this.send = h("button", { type: "submit", class: "ask" });
    this.form = h("form", { hidden: true, class: "wrong-form" }, this.wasLabel, this.was, this.send);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.judge(false, this.was.value.trim());
    });
    this.judging = h("div", { class: "judging", role: "group", "aria-labelledby": "judge" }, h("div", { class: "row" }, this.judgeLabel, this.right, this.wrong), this.form);
  }

  makeDraft() {
    this.draftAbout = h("p", { class: "about" });
    this.draft = button("draft", () => this.readDraft());
    this.text = h("pre", { tabindex: "0", class: "draft", hidden: true });
    this.copy = h("button", { type: "button", class: "ask", hidden: true, onclick: (event) => copyText(this.text.textContent, event.currentTarget, this.say.copied) });
    this.download = h("button", { type: "button", class: "ask", hidden: true, onclick: () => this.save() });
    this.drafting = h("div", {}, this.draftAbout, h("div", { class: "row" }, this.draft, this.copy, this.download), this.text);
  }

  speak(say, language) {
    this.say = say;
    this.language = language;
    this.again.replaceChildren(icon("refresh"), say.lookAgain);
    this.resolve.replaceChildren(icon("check"), say.resolve);
    this.right.replaceChildren(icon("up"), say.right);
    this.wrong.replaceChildren(icon("down"), say.wrong);
    this.copy.replaceChildren(icon("copy"), say.copy);
    this.download.replaceChildren(icon("download"), say.download);
    for (const [element, words] of [[this.yes, say.yes], [this.no, say.no], [this.question, say.resolveSure], [this.judgeLabel, say.judge], [this.wasLabel, say.was], [this.send, say.send], [this.draft, say.draft], [this.draftAbout, say.draftAbout]]) element.textContent = words;
    if (!this.text.hidden) this.readDraft();
  }

  show(story) {
    const running = story.runs.some((one) => one.state === "runs");
    const own = story.judgements.find((one) => one.own);
    this.again.disabled = running || story.incident.status === "merged";
    this.resolve.hidden = story.incident.status !== "open";
    if (this.resolve.hidden) this.asking.hidden = true;
    this.right.setAttribute("aria-pressed", String(own?.right === true));
    this.wrong.setAttribute("aria-pressed", String(own?.right === false));
    this.diagnosis = story.diagnosis?.id;
  }

  sure(asked) {
    this.asking.hidden = !asked;
    (asked ? this.yes : this.resolve).focus();
  }

  showForm(open) {
    this.form.hidden = !open;
    this.wrong.setAttribute("aria-expanded", String(open));
    if (open) this.was.focus();
  }

  async close() {
    await this.do("resolve", {}, this.say.closed);
    this.asking.hidden = true;
  }

  async judge(right, cause) {
    if (await this.do("judgement", { right, cause }, this.say.thanks)) {
      this.showForm(false);
      this.was.value = "";
    }
  }

  async do(what, body, done) {
    this.status.textContent = "";
    try {
      await this.server.post(`${this.path}/${what}`, body);
      this.status.textContent = done;
      return true;
    } catch (problem) {
      this.status.textContent = this.say.problems[problem.code] ?? this.say.problems.other;
      return false;
    } finally {
      this.changed();
    }
  }

  async readDraft() {
    const query = new URLSearchParams({ language: this.language, diagnosis: this.diagnosis ?? "" });
    try {
      this.text.textContent = await (await this.server.call(`${this.path}/postmortem?${query}`)).text();
      for (const one of [this.text, this.copy, this.download]) one.hidden = false;
    } catch {
      this.status.textContent = this.say.problems.other;
    }
  }

  save() {
    const address = URL.createObjectURL(new Blob([this.text.textContent], { type: "text/markdown" }));
    const link = h("a", { href: address, download: `postmortem-${this.id.replace(/[^\p{L}\p{N}]+/gu, "-")}.md`, hidden: true });
    this.download.after(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
  }
}

function button(key, onclick) {
  return h("button", { type: "button", class: "ask", onclick, "data-key": `action ${key}` });
}
