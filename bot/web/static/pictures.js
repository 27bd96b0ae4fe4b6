// Pictures of a message: taken in by paste, drop and the file button, sent ahead of it, shown small and on a click large.

import { h, icon, iconButton, recall, remember } from "./dom.js";
import { Problem } from "./server.js";

export const MOST_PICTURES = 5;
const LARGEST_BYTES = 20 * 1024 * 1024;
const FIRST_BYTES = 16;
// What a file is stands in its first bytes; its name and the type that somebody gave it prove nothing.
const KINDS = [
  [/^\x89PNG\r\n\x1a\n/, "image"],
  [/^\xff\xd8\xff/, "image"],
  [/^GIF8[79]a/, "image"],
  [/^RIFF....WEBP/s, "image"],
  [/^....ftyp/s, "image_heic"],
];

export const ACCEPTED = "image/png,image/jpeg,image/webp,image/gif";

// Why a file is not taken, as a name among the words, or null.
async function refusal(file) {
  if (file.size > LARGEST_BYTES) return "image_bytes";
  const bytes = new Uint8Array(await file.slice(0, FIRST_BYTES).arrayBuffer());
  const start = String.fromCharCode(...bytes);
  const kind = KINDS.find(([opening]) => opening.test(start))?.[1] ?? "image_format";
  return kind === "image" ? null : kind;
}

// Addresses of pictures as this page can show them. They are fetched like everything else, so that the widget's token
// goes along, and each of them once.
export class Album {
  constructor(server) {
    this.server = server;
    this.known = new Map();
  }

  add(id, address) {
    if (!this.known.has(id)) this.known.set(id, Promise.resolve(address));
  }

  address(id, questionId) {
    return this.fetched(id, () => this.server.picture(id, questionId));
  }

  exhibit(digest, questionId) {
    return this.fetched(digest, () => this.server.file(digest, questionId));
  }

  fetched(id, fetch) {
    if (!this.known.has(id)) {
      const coming = fetch().then((blob) => URL.createObjectURL(blob));
      this.known.set(id, coming);
      coming.catch(() => this.known.delete(id));
    }
    return this.known.get(id);
  }

  close() {
    for (const coming of this.known.values()) coming.then(URL.revokeObjectURL, () => null);
    this.known.clear();
  }
}

// A small picture that opens large.
export function thumbnail(coming, name, words, extra = []) {
  const image = h("img", { alt: words.picture(name), decoding: "async" });
  const open = h("button", { type: "button", class: "picture", title: name, "aria-label": words.openPicture(name), disabled: true }, image);
  coming.then(
    (address) => {
      image.src = address;
      open.disabled = false;
    },
    () => {
      image.replaceWith(h("span", { class: "caption" }, words.pictureGone));
    },
  );
  open.addEventListener("click", () => enlarge(open, image.src, { title: name, label: words.picture(name), alt: words.picture(name) }, words));
  return h("li", {}, open, ...extra);
}

export function enlarge(opener, address, { title, label, alt, kind = "" }, words) {
  const close = iconButton("close", words.close, () => viewer.close());
  const viewer = h(
    "dialog",
    { class: "viewer", "aria-label": label },
    h("header", {}, h("p", {}, title), close),
    h("div", { class: "enlarged", tabindex: "0" }, h("img", { src: address, alt, class: kind })),
  );
  // Escape closes the picture, not the widget around it.
  viewer.addEventListener("keydown", (event) => event.stopPropagation());
  viewer.addEventListener("click", (event) => {
    if (event.target === viewer) viewer.close();
  });
  viewer.addEventListener("close", () => {
    viewer.remove();
    opener.focus();
  });
  opener.getRootNode().append(viewer);
  viewer.showModal();
}

// The pictures of the message that is being written. Each is sent to the server at once: what was pasted survives a
// reload, and what is refused is refused before anything was asked.
export class Tray {
  constructor(chat) {
    this.chat = chat;
    this.kept = [];
    this.element = h("ul", { class: "tray", hidden: true });
  }

  get empty() {
    return this.kept.length === 0;
  }

  get sending() {
    return this.kept.some((one) => one.phase === "sending");
  }

  // Takes what it can; the names of the reasons why something was left out.
  async add(files) {
    const reasons = [];
    for (const file of files) {
      const reason = this.kept.length >= MOST_PICTURES ? "too_many" : await refusal(file).catch(() => "unreadable");
      if (reason || this.kept.length >= MOST_PICTURES) {
        reasons.push({ reason: reason ?? "too_many", name: file.name });
        continue;
      }
      const one = { name: file.name || "image.png", file, address: URL.createObjectURL(file), id: null, leaving: new AbortController() };
      this.kept.push(one);
      this.chat.announce(this.chat.words.pictureAdded(one.name));
      this.send(one);
    }
    this.changed();
    return reasons;
  }

  async send(one) {
    one.phase = "sending";
    this.changed();
    try {
      const { id } = await this.chat.server.keepPicture(one.file, one.leaving.signal);
      one.id = id;
      one.phase = "ready";
      this.chat.album.add(id, one.address);
      if (this.kept.some((other) => other !== one && other.id === id)) this.drop(one);
    } catch (problem) {
      if (one.leaving.signal.aborted) return;
      this.chat.waits = false;
      const code = problem instanceof Problem ? problem.code : "other";
      // What the server refuses for good is taken out; what did not get through may be tried again.
      if (problem instanceof Problem && !problem.passing && code !== "login") this.drop(one);
      else one.phase = "failed";
      this.chat.refused([{ reason: code, name: one.name }]);
    }
    this.changed();
    this.chat.traySettled();
  }

  drop(one) {
    one.leaving.abort();
    this.kept = this.kept.filter((other) => other !== one);
  }

  retry() {
    for (const one of this.kept) if (one.phase === "failed") this.send(one);
  }

  remove(one) {
    const place = this.kept.indexOf(one);
    this.chat.waits = false;
    this.drop(one);
    this.changed();
    this.chat.announce(this.chat.words.pictureRemoved(one.name));
    const next = this.element.querySelectorAll(".remove")[Math.min(place, this.kept.length - 1)];
    if (next) next.focus();
    else this.chat.focusBox();
  }

  // The pictures go with the message that is sent now.
  take() {
    const taken = this.kept.map(({ id, name }) => ({ id, name }));
    this.kept = [];
    this.changed();
    return taken;
  }

  changed() {
    const ready = this.kept.filter((one) => one.id).map(({ id, name }) => ({ id, name }));
    remember(this.chat.picturesKey(), ready.length ? JSON.stringify(ready) : null, "sessionStorage");
    this.paint();
    this.chat.typed();
  }

  restore() {
    const stored = recall(this.chat.picturesKey(), "sessionStorage");
    if (!stored) return;
    this.kept = JSON.parse(stored).map(({ id, name }) => ({ id, name, phase: "ready", leaving: new AbortController() }));
    for (const one of this.kept) {
      this.chat.album.address(one.id).catch((problem) => {
        // Nobody asked with it for a day, and it was forgotten.
        if (problem.status !== 404) return;
        this.drop(one);
        this.changed();
      });
    }
    this.paint();
  }

  paint() {
    const { words } = this.chat;
    this.element.hidden = this.empty;
    this.element.setAttribute("aria-label", words.pictures);
    this.element.replaceChildren(...this.kept.map((one) => this.entry(one, words)));
  }

  entry(one, words) {
    const remove = iconButton("close", words.removePicture(one.name), () => this.remove(one), { class: "icon-button remove" });
    const again = one.phase === "failed" && h("button", { type: "button", class: "quiet again", onclick: () => this.send(one) }, words.retry);
    const waiting = one.phase === "sending" && h("span", { class: "pulse", role: "img", "aria-label": words.sending });
    const coming = one.address ? Promise.resolve(one.address) : this.chat.album.address(one.id);
    const item = thumbnail(coming, one.name, words, [remove, again, waiting].filter(Boolean));
    item.setAttribute("data-phase", one.phase);
    return item;
  }
}

// What was read on the pictures and what a model sees there, folded; corrected, the question is asked again with it.
export function readings({ card, words, chat }, again) {
  return (card.readings ?? []).map((reading, index) => {
    const place = h("div", { class: "reading-place" });
    const show = () => {
      const edit = h("button", { type: "button", class: "quiet", "aria-label": words.editReading(reading.name), onclick: change }, icon("edit"), words.edit);
      place.replaceChildren(h("pre", { class: "reading-text", tabindex: "0" }, reading.text || words.nothingRead), edit);
      return edit;
    };
    const change = () => {
      const area = h("textarea", { rows: "10", "aria-label": words.readingLabel(reading.name), maxlength: "12000", spellcheck: "false" });
      area.value = reading.text;
      const back = () => show().focus();
      const run = () => {
        const text = area.value.trim();
        if (!text) return;
        show();
        again(index, text);
      };
      area.addEventListener("keydown", (event) => {
        // A text of many lines: Enter begins another one, as everywhere.
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          run();
        }
        if (event.key !== "Escape") return;
        event.stopPropagation();
        back();
      });
      const row = h("div", { class: "row" }, h("button", { type: "button", class: "button primary", onclick: run }, words.askAgain), h("button", { type: "button", class: "button", onclick: back }, words.cancel));
      place.replaceChildren(h("div", { class: "editor" }, area, row));
      area.focus();
    };
    show();
    const title = reading.corrected ? words.readingCorrected(reading.name) : words.reading(reading.name);
    const sees = reading.description && h("p", { class: "described" }, h("strong", {}, words.modelSees), ` ${reading.description}`);
    return h("details", { class: "sources reading" }, h("summary", {}, title), place, sees);
  });
}
