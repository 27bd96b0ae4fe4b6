// One question and its answer: sending, working, drafted, checked, judged.

import { copyText, h, icon, iconButton, randomId, showHtml } from "./dom.js";
import { exhibits } from "./exhibits.js";
import { foldedParts, incidentJudging, incidentTitle } from "./incident_card.js";
import { readings, thumbnail } from "./pictures.js";
import { Problem } from "./server.js";
import { languageTag } from "./words.js";

export class Exchange {
  // `chat` offers: server, album, words, language, signal, opened(citation), rerun(question), announce(text), grown(), settled(exchange), charted(exchange).
  constructor(chat, { text, query = null, pictures = [], id = null, card = null, receivedAt = null, eventId = randomId() }) {
    Object.assign(this, { chat, text, query, pictures, id, card, eventId });
    this.phase = card ? "done" : id ? "working" : "sending";
    this.begun = receivedAt ? Math.min(Date.parse(receivedAt), Date.now()) : Date.now();
    this.status = "";
    this.draft = document.createTextNode("");
    this.problem = null;
    this.vote = null;
    this.element = h("li", { class: "exchange" });
    this.paint();
  }

  get words() {
    return this.chat.words;
  }

  async send(threadId) {
    this.phase = "sending";
    this.problem = null;
    this.paint();
    const message = { text: this.text, event_id: this.eventId };
    if (threadId) message.thread_id = threadId;
    if (this.query) message.query = this.query;
    if (this.pictures.length) message.images = this.pictures;
    try {
      const accepted = await this.chat.server.ask(message, this.chat.signal);
      this.id = accepted.question_id;
      this.phase = "working";
      this.paint();
      return accepted;
    } catch (problem) {
      this.fail("unsent", problem);
      return null;
    }
  }

  async follow() {
    try {
      await this.chat.server.follow(this.id, (kind, data) => this.heard(kind, data), () => this.lost(), this.chat.signal);
    } catch (problem) {
      this.fail("interrupted", problem);
    }
  }

  fail(phase, problem) {
    this.phase = phase;
    this.problem = problem instanceof Problem ? problem.code : "other";
    this.paint();
  }

  heard(kind, data) {
    this.dropped = false;
    if (kind === "card") {
      this.card = data;
      this.phase = "done";
      this.paint();
      this.chat.announce(this.words.answerReady);
      this.chat.settled(this);
      return;
    }
    if (kind === "status") this.status = data.text;
    if (kind === "append") this.draft.appendData(data.text);
    if (kind === "replace") this.draft.data = data.text;
    this.paintProgress();
    this.chat.grown();
  }

  lost() {
    this.dropped = true;
    this.paintProgress();
  }

  paint() {
    this.tick?.stop();
    this.element.setAttribute("data-phase", this.phase);
    this.element.replaceChildren(
      h("div", { class: "question", role: "group", "aria-label": this.words.asked }, this.text, this.shownPictures(), this.query && this.editedNote(), this.correctedNote()),
      this.outcome(),
    );
  }

  outcome() {
    if (this.phase === "done") return cardView(this);
    return this.phase === "sending" || this.phase === "working" ? this.progress() : this.trouble();
  }

  editedNote() {
    return h("p", { class: "edited" }, `${this.words.editedQuery}: `, h("q", {}, this.query));
  }

  // One that was read anew with a person's words says so.
  correctedNote() {
    return this.pictures.some((picture) => picture.text) && h("p", { class: "edited" }, this.words.correctedReading);
  }

  shownPictures() {
    if (!this.pictures.length) return null;
    const show = ({ id, name }) => thumbnail(this.chat.album.address(id, this.id), name, this.words);
    return h("ul", { class: "tray", "aria-label": this.words.pictures }, ...this.pictures.map(show));
  }

  progress() {
    this.statusText = h("span", { class: "doing" });
    const elapsed = h("span", { class: "elapsed", "aria-hidden": "true" });
    this.draftBox = h(
      "div",
      { class: "draft" },
      h("p", { class: "draft-label" }, this.words.draft),
      h("div", { class: "draft-text" }, this.draft),
    );
    this.tick = ticking(() => {
      elapsed.textContent = this.words.seconds(Math.max(0, Math.round((Date.now() - this.begun) / 1000)));
    }, this.element);
    this.paintProgress();
    const line = h("p", { class: "status", role: "status" }, h("span", { class: "pulse", "aria-hidden": "true" }), this.statusText, elapsed);
    return h("div", { class: "progress" }, line, this.draftBox);
  }

  paintProgress() {
    if (!this.statusText) return;
    const waiting = this.phase === "sending" ? this.words.sending : this.words.queued;
    const doing = this.dropped ? this.words.reconnecting : this.status || waiting;
    if (this.statusText.textContent !== doing) this.statusText.textContent = doing;
    this.draftBox.hidden = this.draft.length === 0;
  }

  trouble() {
    const explanation = this.words.problems[this.problem] ?? this.words.problems.other;
    const signIn = this.problem === "login" && h("a", { class: "button", href: `${this.chat.server.address}/login`, target: "_top" }, this.words.signIn);
    const retry = h("button", { type: "button", class: "button", onclick: () => this.chat.resend(this) }, this.words.retry);
    return h("div", { class: "callout failure", role: "alert" }, h("p", {}, h("strong", {}, this.words[this.phase]), ` ${explanation}`), h("p", { class: "row" }, retry, signIn));
  }
}

// Counts only while it is shown.
function ticking(show, owner) {
  show();
  const timer = setInterval(() => (owner.isConnected ? show() : clearInterval(timer)), 1000);
  return { stop: () => clearInterval(timer) };
}

function cardView(exchange) {
  const { card, words } = exchange;
  return h(
    "article",
    { class: `card ${card.kind}`, "aria-label": words.answered },
    words.kinds[card.kind] && h("p", { class: "kind" }, words.kinds[card.kind]),
    card.kind === "incident" && incidentTitle(exchange),
    prose(exchange),
    ...exhibits(exchange),
    listing("looked-for", words.lookedFor, card.looked_for),
    listing("notices", words.notices, card.notices),
    ...foldedParts(exchange, dressed, words),
    sources(exchange),
    ...readings(exchange, (index, text) => corrected(exchange, index, text)),
    rewrittenQuery(exchange),
    card.kind === "incident" && incidentJudging(exchange),
    footer(exchange),
  );
}

// The pictures of the card are those of the message, in their order; one that could not be read has no reading.
function corrected({ chat, card, text, pictures }, index, said) {
  const { digest } = card.readings[index];
  chat.rerun({ text, pictures: pictures.map((picture) => (picture.id === digest ? { ...picture, text: said } : picture)) });
}

function prose(exchange) {
  const { card, words, chat } = exchange;
  const body = showHtml(h("div", { class: "prose", lang: languageTag(card.language) }), card.html);
  for (const mark of body.querySelectorAll("button.citation")) {
    const citation = card.citations.find((one) => String(one.number) === mark.dataset.citation);
    if (!citation) continue;
    mark.setAttribute("aria-label", words.openSource(citation.number));
    mark.setAttribute("title", [citation.title, citation.heading].filter(Boolean).join(", "));
    mark.addEventListener("click", (event) => {
      event.preventDefault();
      chat.opened(citation, mark);
    });
  }
  return dressed(body, words);
}

// Code gets a copy button; what is too wide scrolls by itself, and with the keyboard too.
export function dressed(body, words) {
  for (const block of body.querySelectorAll("pre")) {
    const box = h("div", { class: "code" });
    block.replaceWith(box);
    block.setAttribute("tabindex", "0");
    const copy = iconButton("copy", words.copy, () => copyText(block.textContent.replace(/\n$/, ""), copy, words.copied));
    box.append(block, copy);
  }
  for (const table of body.querySelectorAll("table")) {
    const box = h("div", { class: "wide", tabindex: "0" });
    table.replaceWith(box);
    box.append(table);
  }
  return body;
}

function listing(name, title, entries) {
  if (!entries.length) return null;
  return h("div", { class: name }, h("p", { class: "caption" }, title), h("ul", {}, ...entries.map((entry) => h("li", {}, entry))));
}

function sources({ card, words, chat }) {
  if (!card.citations.length) return null;
  const entry = (citation) => {
    const open = h(
      "button",
      { type: "button", class: "source-link", "aria-label": `${words.openSource(citation.number)}: ${citation.title}` },
      h("span", { class: "number" }, String(citation.number)),
      h("span", { class: "where" }, h("span", { class: "title" }, citation.title), citation.heading && h("span", { class: "heading" }, citation.heading)),
    );
    open.addEventListener("click", () => chat.opened(citation, open));
    return h("li", {}, open, h("blockquote", {}, citation.quote));
  };
  return h("details", { class: "sources" }, h("summary", {}, words.sources(card.citations.length)), h("ol", {}, ...card.citations.map(entry)));
}

function rewrittenQuery(exchange) {
  const { card, words, chat } = exchange;
  if (!card.rewritten_query) return null;
  const place = h("div", { class: "rewritten" });
  const show = () => {
    const edit = h("button", { type: "button", class: "quiet", "aria-label": words.editLabel, onclick: change }, icon("edit"), words.edit);
    place.replaceChildren(h("span", { class: "caption" }, words.rewritten), h("span", { class: "query" }, card.rewritten_query), edit);
    return edit;
  };
  const change = () => {
    const area = h("textarea", { rows: "2", "aria-label": words.rewritten, maxlength: "8000" });
    area.value = card.rewritten_query;
    const back = () => show().focus();
    const run = () => {
      const query = area.value.trim();
      if (!query) return;
      show();
      chat.rerun({ text: exchange.text, query, pictures: exchange.pictures });
    };
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        run();
      }
      if (event.key === "Escape") {
        event.stopPropagation();
        back();
      }
    });
    place.replaceChildren(
      h("div", { class: "editor" }, area, h("div", { class: "row" }, h("button", { type: "button", class: "button primary", onclick: run }, words.run), h("button", { type: "button", class: "button", onclick: back }, words.cancel))),
    );
    area.focus();
  };
  show();
  return place;
}

function footer(exchange) {
  const { card, words } = exchange;
  const copy = iconButton("copy", words.copyAnswer, () => copyText(card.text, copy, words.copied));
  const thanks = h("p", { class: "thanks", role: "status" });
  const judgement = h("div", { class: "judgement" });
  // Of an incident it is the cause that is judged.
  const votes = card.kind === "incident" ? [] : ["up", "down"];
  const thumbs = votes.map((vote) => iconButton(vote, words[vote], () => judge(vote), { "aria-pressed": String(exchange.vote === vote), "data-vote": vote }));

  // The thumb counts at once; the reason, if any, replaces it. A dialog that is dismissed loses nothing.
  async function judge(vote, reason = "") {
    try {
      await exchange.chat.server.judge(exchange.id, vote, reason);
    } catch {
      thanks.textContent = words.feedbackFailed;
      return;
    }
    exchange.vote = vote;
    for (const thumb of thumbs) thumb.setAttribute("aria-pressed", String(thumb.dataset.vote === vote));
    thanks.textContent = words.thanks;
    const pressed = thumbs.find((thumb) => thumb.dataset.vote === vote);
    judgement.replaceChildren(...(reason ? [] : [reasonDialog(words, vote, (given) => judge(vote, given), () => closed(pressed))]));
    if (reason) return pressed.focus();
    judgement.querySelector("textarea").focus();
    judgement.scrollIntoView({ block: "nearest" });
  }

  function closed(pressed) {
    judgement.replaceChildren();
    pressed.focus();
  }

  const receipt = h("ul", { class: "receipt" }, ...receiptOf(card.footer, words).map((part) => h("li", {}, part)));
  return h("footer", {}, h("div", { class: "foot" }, receipt, h("div", { class: "actions" }, copy, ...thumbs)), thanks, judgement);
}

function receiptOf(footer, words) {
  if (!footer) return [];
  const model = footer.level === "none" ? null : footer.model;
  return [
    words.levels[footer.level],
    model,
    footer.tokens_in + footer.tokens_out > 0 && words.tokens(footer.tokens_in.toLocaleString("en"), footer.tokens_out.toLocaleString("en")),
    words.seconds(footer.seconds.toFixed(1)),
    footer.rounds > 1 && words.rounds(footer.rounds),
    footer.cost,
  ].filter(Boolean);
}

function reasonDialog(words, vote, send, close) {
  const area = h("textarea", { rows: "2", maxlength: "1900", "aria-label": vote === "up" ? words.reasonUp : words.reasonDown });
  const chips = vote === "up" ? [] : words.reasonsDown.map((reason) => h("button", { type: "button", class: "chip", "aria-pressed": "false", onclick: (event) => toggle(event.currentTarget) }, reason));
  const toggle = (chip) => chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
  const submit = (event) => {
    event.preventDefault();
    const chosen = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.textContent);
    const reason = [...chosen, area.value.trim()].filter(Boolean).join("; ");
    if (reason) send(reason);
    else close();
  };
  const escape = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  };
  return h(
    "form",
    { class: "reason", role: "dialog", "aria-label": vote === "up" ? words.reasonUp : words.reasonDown, onsubmit: submit, onkeydown: escape },
    h("p", { class: "caption" }, vote === "up" ? words.reasonUp : words.reasonDown),
    chips.length ? h("div", { class: "chips" }, ...chips) : null,
    area,
    h("div", { class: "row" }, h("button", { type: "submit", class: "button primary" }, words.reasonSend), h("button", { type: "button", class: "button", onclick: close }, words.skip)),
  );
}
