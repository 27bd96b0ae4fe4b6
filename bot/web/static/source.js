// The source panel: a cited document, opened at the passage that carries the claim.

import { h, icon, iconButton, showHtml } from "./dom.js";
import { dressed } from "./exchange.js";

export class SourcePanel {
  constructor(chat) {
    this.chat = chat;
    this.element = h("aside", { class: "source", hidden: true, tabindex: "-1", "aria-label": chat.words.source });
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  get shown() {
    return !this.element.hidden;
  }

  async open(citation, opener) {
    this.opener = opener;
    this.citation = citation;
    const { words, server } = this.chat;
    this.element.setAttribute("aria-label", `${[words.source, citation.number].filter(Boolean).join(" ")}: ${citation.title}`);
    this.element.replaceChildren(this.header(citation, null), h("p", { class: "waiting", role: "status" }, words.loadingSource));
    this.element.hidden = false;
    this.element.focus({ preventScroll: true });
    let stored = null;
    try {
      stored = await server.document(citation.document_id);
    } catch {
      stored = null;
    }
    if (this.citation !== citation) return;
    this.element.replaceChildren(this.header(citation, stored), stored ? this.body(citation, stored) : this.fallback(citation));
    this.element.querySelector(".cited, blockquote")?.scrollIntoView({ block: "start" });
    this.element.querySelector("mark")?.scrollIntoView({ block: "center" });
  }

  close() {
    this.citation = null;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.opener?.focus();
  }

  header(citation, stored) {
    const { words } = this.chat;
    const link = stored?.link || citation.link;
    const labels = Object.entries(stored?.labels ?? {}).filter(([name]) => name !== "title");
    return h(
      "header",
      {},
      h(
        "div",
        { class: "source-top" },
        h("p", { class: "caption" }, citation.number && h("span", { class: "number" }, String(citation.number)), words.source),
        link && h("a", { class: "quiet", href: link, target: "_blank", rel: "noopener noreferrer nofollow" }, words.original, icon("external")),
        iconButton("close", words.close, () => this.close()),
      ),
      h("h2", {}, stored?.title || citation.title),
      labels.length ? h("ul", { class: "labels" }, ...labels.map(([name, value]) => h("li", {}, h("span", {}, name), [value].flat().join(", ")))) : null,
    );
  }

  body(citation, stored) {
    const { words } = this.chat;
    let heading = "";
    const passages = stored.chunks.map((chunk) => {
      const repeated = chunk.heading === heading;
      heading = chunk.heading;
      const text = dressed(showHtml(h("div", { class: "prose" }), chunk.html), words);
      const cited = Boolean(citation.chunk_id) && chunk.id === citation.chunk_id;
      const section = h("section", { class: cited ? "passage cited" : "passage" }, heading && !repeated && h("p", { class: "path" }, heading), text);
      if (cited) highlight(text, citation.quote);
      return section;
    });
    return h("div", { class: "document", tabindex: "0" }, ...passages);
  }

  fallback(citation) {
    const { words } = this.chat;
    if (!citation.quote) return h("div", { class: "document", tabindex: "0" }, h("p", {}, words.documentMissing));
    return h("div", { class: "document", tabindex: "0" }, h("p", {}, words.sourceMissing), h("blockquote", {}, citation.quote));
  }
}

// The quote is word for word in the document's Markdown, which the rendered text no longer has: letters and digits
// alone are compared, and what lies between the first and the last of them is marked.
export function highlight(root, quote) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const places = [];
  let text = "";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const [letter, index] of letters(node.data)) {
      text += letter;
      places.push([node, index]);
    }
  }
  const wanted = spellings(quote).find((spelling) => text.includes(spelling));
  if (!wanted) return;
  const start = text.indexOf(wanted);
  const [first, from] = places[start];
  const [last, to] = places[start + wanted.length - 1];
  for (const node of textNodes(root, first, last)) {
    const range = document.createRange();
    range.selectNodeContents(node);
    if (node === first) range.setStart(node, from);
    if (node === last) range.setEnd(node, to + 1);
    range.surroundContents(h("mark"));
  }
}

function textNodes(root, first, last) {
  const nodes = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  walker.currentNode = first;
  for (let node = first; node; node = node === last ? null : walker.nextNode()) {
    if (node.data.trim()) nodes.push(node);
  }
  return nodes;
}

// As it stands; without what Markdown does not show (list numbers, fences, addresses of links); its lines, longest first.
function spellings(quote) {
  const shown = quote.replace(/^\s*\d+[.)]\s+/gm, "").replace(/^\s*(```|~~~).*$/gm, "").replace(/\]\([^)\s]*\)/g, "]");
  const lines = shown.split("\n").sort((one, other) => other.length - one.length);
  return [quote, shown, ...lines].map((part) => letters(part).map(([letter]) => letter).join("")).filter(Boolean);
}

function letters(text) {
  const found = [];
  for (let index = 0; index < text.length; index += 1) {
    if (/[\p{L}\p{N}]/u.test(text[index])) found.push([text[index].toLowerCase()[0], index]);
  }
  return found;
}
