// An incident as an answer: its title, what is folded away, and whether its cause is right.

import { h, icon, showHtml } from "./dom.js";
import { languageTag } from "./words.js";

const WEB = /^https?:\/\//i;

export function incidentTitle({ card }) {
  return h("h3", { class: `incident-title ${card.tone}`, lang: languageTag(card.language) }, card.title);
}

export function foldedParts({ card }, dressed, words) {
  return card.folded.map((part) => h("details", { class: "folded" }, h("summary", {}, part.title), dressed(showHtml(h("div", { class: "prose", lang: languageTag(card.language) }), part.html), words)));
}

// A verdict counts at once; what it was can be told behind it, and told again.
export function incidentJudging({ card, chat, words }) {
  const say = words.incident;
  const status = h("p", { class: "thanks", role: "status" });
  const area = h("textarea", { rows: "2", maxlength: "500", "aria-label": say.was, placeholder: say.was });
  const form = h("form", { class: "reason", hidden: true }, area, h("div", { class: "row" }, h("button", { type: "submit", class: "button primary" }, say.send)));
  const right = card.cause && h("button", { type: "button", class: "button", "aria-pressed": "false", onclick: () => judge(true, "") }, icon("check"), say.right(card.cause));
  const wrong = h("button", { type: "button", class: "button", "aria-pressed": "false", "aria-expanded": "false", onclick: () => ask() }, icon(card.cause ? "down" : "edit"), card.cause ? say.wrong : say.tell);

  async function judge(isRight, cause) {
    try {
      await chat.server.post(`/api/incidents/${encodeURIComponent(card.question_id)}/judgement`, { right: isRight, cause });
    } catch {
      status.textContent = words.feedbackFailed;
      return false;
    }
    if (right) right.setAttribute("aria-pressed", String(isRight));
    wrong.setAttribute("aria-pressed", String(!isRight));
    status.textContent = say.thanks;
    return true;
  }

  function open(shown) {
    form.hidden = !shown;
    wrong.setAttribute("aria-expanded", String(shown));
    if (shown) area.focus();
  }

  async function ask() {
    if (card.cause && form.hidden) await judge(false, "");
    open(form.hidden);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const cause = area.value.trim();
    if (!cause) return area.focus();
    if (await judge(false, cause)) {
      open(false);
      wrong.focus();
    }
  });
  const page = WEB.test(card.link) && h("a", { class: "button", href: card.link, target: "_blank", rel: "noopener" }, icon("external"), say.page);
  return h("div", { class: "incident-judging", role: "group", "aria-label": say.judge }, h("div", { class: "row" }, right, wrong, page), form, status);
}
