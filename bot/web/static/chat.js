// <nightshift-chat>: the conversation, the question box and the source panel, on the product page and in the widget.
//
// Attributes: server (address, empty for this site), token, language (en, zh), thread (id of the conversation shown).
// Events: nightshift-thread with {id} when a conversation begins or moves on.

import { h, icon, iconButton, recall, remember } from "./dom.js";
import { Exchange } from "./exchange.js";
import { ACCEPTED, Album, MOST_PICTURES, Tray } from "./pictures.js";
import { Server } from "./server.js";
import { SourcePanel } from "./source.js";
import { browserLanguage, languageTag, words } from "./words.js";

const LONGEST_TEXT = 8000;
const NEAR_THE_END = 120;

class NightshiftChat extends HTMLElement {
  static observedAttributes = ["language"];

  connectedCallback() {
    if (this.root) return;
    this.root = this.attachShadow({ mode: "open" });
    this.server = new Server(this.getAttribute("server"), this.getAttribute("token"));
    this.album = new Album(this.server);
    this.exchanges = [];
    this.reasons = [];
    this.threadId = null;
    this.leaving = new AbortController();
    this.build();
    const sheet = h("link", { rel: "stylesheet", href: new URL("chat.css", import.meta.url).href });
    sheet.addEventListener("load", () => this.reveal());
    this.root.append(sheet, this.frame);
    const thread = this.getAttribute("thread");
    if (thread) this.openThread(thread);
    else this.resumePending();
  }

  disconnectedCallback() {
    this.leaving.abort();
    this.album.close();
  }

  attributeChangedCallback(_name, before, after) {
    if (this.root && before !== after) this.speak();
  }

  get language() {
    return this.getAttribute("language") || browserLanguage();
  }

  get words() {
    return words(this.language);
  }

  get signal() {
    return this.leaving.signal;
  }

  build() {
    this.list = h("ol", { class: "exchanges" });
    this.welcome = h("div", { class: "welcome" });
    this.latest = h("button", { type: "button", class: "latest icon-button", hidden: true, onclick: () => this.toEnd() }, icon("latest"));
    this.live = h("p", { class: "offscreen", role: "status", "aria-live": "polite" });
    this.scroller = h("div", { class: "scroll", tabindex: "0", role: "region" }, h("div", { class: "column" }, this.welcome, this.list));
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.buildComposer();
    this.source = new SourcePanel(this);
    const middle = h("section", { class: "conversation" }, this.scroller, h("div", { class: "column below" }, this.latest, this.composer), this.live);
    this.frame = h("div", { class: "frame", hidden: true }, middle, this.source.element);
    this.frame.addEventListener("dragover", (event) => this.dragged(event));
    this.frame.addEventListener("dragleave", (event) => this.frame.contains(event.relatedTarget) || this.frame.classList.remove("dropping"));
    this.frame.addEventListener("drop", (event) => this.dropped(event));
    this.speak();
  }

  buildComposer() {
    this.box = h("textarea", { rows: "1", enterkeyhint: "send", autocomplete: "off" });
    this.box.value = recall(this.draftKey(), "sessionStorage") ?? "";
    this.box.addEventListener("input", () => this.typed());
    this.box.addEventListener("paste", (event) => this.pasted(event));
    this.box.addEventListener("keydown", (event) => {
      // While a Chinese input method composes, Enter chooses a word.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.submit();
    });
    this.file = h("input", { type: "file", accept: ACCEPTED, multiple: true, hidden: true, tabindex: "-1" });
    this.file.addEventListener("change", () => {
      const chosen = Array.from(this.file.files);
      this.file.value = "";
      this.take(chosen);
    });
    this.attach = iconButton("attach", "", () => this.file.click());
    this.sendButton = h("button", { type: "submit", class: "send" }, icon("send"));
    this.hint = h("p", { class: "hint" });
    this.banner = h("div", { class: "banner", role: "status" });
    this.tray = new Tray(this);
    this.tray.restore();
    const row = h("div", { class: "box" }, this.tray.element, this.box, h("div", { class: "box-row" }, this.attach, this.hint, this.sendButton), this.file);
    this.composer = h("form", { class: "composer" }, this.banner, row);
    this.composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  // Puts every fixed word in place; called again when the language changes.
  speak() {
    const say = this.words;
    this.frame.setAttribute("lang", languageTag(this.language));
    this.scroller.setAttribute("aria-label", say.conversation);
    this.box.setAttribute("placeholder", say.placeholder);
    this.box.setAttribute("aria-label", say.placeholder);
    for (const [button, label] of [[this.attach, say.attach], [this.sendButton, say.send], [this.latest, say.latest]]) {
      button.setAttribute("aria-label", label);
      button.setAttribute("title", label);
    }
    this.tray.paint();
    this.paintBanner();
    this.welcome.replaceChildren(
      h("h1", {}, say.welcomeTitle),
      h("p", {}, say.welcomeText),
      h("p", { class: "caption" }, say.examplesTitle),
      h("ul", { class: "examples" }, ...say.examples.map((example) => h("li", {}, h("button", { type: "button", onclick: () => this.suggest(example) }, example)))),
    );
    for (const exchange of this.exchanges) exchange.paint();
    if (this.source.shown) this.source.open(this.source.citation, this.source.opener);
    this.typed();
    this.arrange();
  }

  arrange() {
    this.welcome.hidden = this.exchanges.length > 0;
  }

  // Nothing is shown, measured or focused before its style is there.
  reveal() {
    this.frame.removeAttribute("hidden");
    this.typed();
    this.toEnd();
    if (this.wantsFocus) this.box.focus();
  }

  focusBox() {
    this.wantsFocus = true;
    this.box.focus();
  }

  suggest(example) {
    this.box.value = example;
    this.typed();
    this.box.focus();
  }

  typed() {
    const length = Array.from(this.box.value).length;
    const waiting = this.waits && this.tray.sending ? this.words.waitsForPicture : this.words.hint;
    this.hint.textContent = length > LONGEST_TEXT ? this.words.tooLong(length.toLocaleString("en")) : waiting;
    this.hint.classList.toggle("wrong", length > LONGEST_TEXT);
    this.sendButton.disabled = length > LONGEST_TEXT || (!this.box.value.trim() && this.tray.empty);
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight}px`;
    remember(this.draftKey(), this.box.value || null, "sessionStorage");
  }

  draftKey() {
    return `nightshift.draft.${this.getAttribute("server") ?? ""}`;
  }

  picturesKey() {
    return `nightshift.pictures.${this.getAttribute("server") ?? ""}`;
  }

  pendingKey() {
    return `nightshift.pending.${this.getAttribute("server") ?? ""}`;
  }

  pasted(event) {
    const { files, types } = event.clipboardData;
    const images = Array.from(files).filter((file) => file.type.startsWith("image/"));
    // A table copied from a spreadsheet comes as text and as a picture of it; the text is what was meant.
    if (!images.length || types.includes("text/plain")) return;
    event.preventDefault();
    this.take(images);
  }

  dragged(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.frame.classList.add("dropping");
  }

  dropped(event) {
    this.frame.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    this.take(Array.from(event.dataTransfer.files));
  }

  async take(files) {
    this.forgiven();
    this.box.focus();
    this.refused(await this.tray.add(files));
  }

  // Why pictures were not taken.
  refused(reasons) {
    this.reasons.push(...reasons);
    this.paintBanner();
  }

  forgiven() {
    this.reasons = [];
    this.paintBanner();
  }

  paintBanner() {
    if (!this.reasons.length) return this.banner.replaceChildren();
    const { pictureProblems: known, problems } = this.words;
    const sentences = this.reasons.map(({ reason, name }) => (known[reason] ?? (() => problems[reason] ?? problems.other))(name, MOST_PICTURES));
    const dismiss = iconButton("close", this.words.dismiss, () => {
      this.forgiven();
      this.box.focus();
    });
    this.banner.replaceChildren(h("p", {}, Array.from(new Set(sentences)).join(" ")), dismiss);
  }

  // A question that was sent while its picture was still on the way goes out behind it.
  traySettled() {
    if (!this.waits || this.tray.sending) return;
    this.waits = false;
    this.submit();
  }

  submit() {
    if (this.sendButton.disabled) return;
    this.tray.retry();
    if (this.tray.sending) {
      this.waits = true;
      return this.typed();
    }
    const text = this.box.value.trim();
    this.box.value = "";
    this.forgiven();
    const pictures = this.tray.take();
    this.typed();
    this.begin({ text, pictures });
  }

  rerun(question) {
    this.begin(question);
  }

  begin(question) {
    const exchange = new Exchange(this, question);
    if (!this.exchanges.length) this.list.replaceChildren();
    this.exchanges.push(exchange);
    this.list.append(exchange.element);
    this.arrange();
    this.toEnd();
    return this.resend(exchange);
  }

  async resend(exchange) {
    const { text, query, pictures, eventId } = exchange;
    const followed = this.leaving;
    // Kept until the server has it: a page that is reloaded in between sends it again, under the same event id.
    remember(this.pendingKey(), JSON.stringify({ text, query, pictures, eventId, threadId: this.threadId }), "sessionStorage");
    const accepted = await exchange.send(this.threadId);
    if (accepted) remember(this.pendingKey(), null, "sessionStorage");
    if (followed !== this.leaving) return;
    if (!accepted) return this.toEnd();
    // Sent again after a reload, although it had arrived: then the thread shows it already.
    if (this.exchanges.some((other) => other !== exchange && other.id === exchange.id)) return this.withdraw(exchange);
    this.threadId = accepted.thread_id;
    this.tell();
    await exchange.follow();
  }

  withdraw(exchange) {
    this.exchanges = this.exchanges.filter((other) => other !== exchange);
    exchange.element.remove();
  }

  resumePending() {
    const kept = recall(this.pendingKey(), "sessionStorage");
    if (!kept) return;
    const { text, query, pictures, eventId, threadId } = JSON.parse(kept);
    if (threadId !== this.threadId) return;
    this.begin({ text, query, pictures, eventId });
  }

  tell() {
    this.dispatchEvent(new CustomEvent("nightshift-thread", { detail: { id: this.threadId }, bubbles: true, composed: true }));
  }

  newThread() {
    remember(this.pendingKey(), null, "sessionStorage");
    this.clear();
    this.threadId = null;
    this.arrange();
    this.box.focus();
  }

  async openThread(id) {
    this.clear();
    this.threadId = id;
    const { signal } = this;
    let thread;
    try {
      thread = await this.server.thread(id);
    } catch (problem) {
      if (signal.aborted) return;
      this.threadId = null;
      this.arrange();
      if (problem.status === 404) this.dispatchEvent(new CustomEvent("nightshift-missing", { bubbles: true, composed: true }));
      this.list.replaceChildren(h("li", { class: "callout", role: "alert" }, problem.status === 404 ? this.words.missingThread : this.words.problems[problem.code] ?? this.words.problems.other));
      return;
    }
    if (signal.aborted) return;
    this.exchanges = thread.questions.map((one) => new Exchange(this, { ...one, pictures: one.images, receivedAt: one.received_at }));
    this.list.replaceChildren(...this.exchanges.map((exchange) => exchange.element));
    this.arrange();
    this.toEnd();
    for (const exchange of this.exchanges) if (!exchange.card) exchange.follow();
    this.resumePending();
  }

  clear() {
    this.leaving.abort();
    this.leaving = new AbortController();
    this.source.element.hidden = true;
    this.exchanges = [];
    this.list.replaceChildren();
    this.latest.hidden = true;
  }

  opened(citation, opener) {
    this.source.open(citation, opener);
  }

  announce(text) {
    this.live.textContent = text;
  }

  get atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
  }

  scrolled() {
    this.followsEnd = this.atEnd;
    this.latest.hidden = this.followsEnd;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.followsEnd = true;
    this.latest.hidden = true;
  }

  // New text moves the view only for those who watch the end.
  grown() {
    if (this.followsEnd) this.toEnd();
    else this.latest.hidden = this.atEnd;
  }

  // An answer is read from its beginning: a long one is shown from its question on.
  settled(exchange) {
    this.tell();
    if (this.followsEnd) this.show(exchange);
  }

  // A chart has come, which makes its answer taller.
  charted(exchange) {
    if (exchange === this.exchanges.at(-1) && this.followsEnd) this.show(exchange);
    else this.grown();
  }

  show(exchange) {
    const tall = exchange.element.offsetHeight > this.scroller.clientHeight;
    if (tall) exchange.element.scrollIntoView({ block: "start" });
    else this.toEnd();
  }
}

customElements.get("nightshift-chat") ?? customElements.define("nightshift-chat", NightshiftChat);
