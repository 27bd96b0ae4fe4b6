// The figures of an answer: tables that scroll by themselves and can be had as CSV, charts that open large.

import { h, icon } from "./dom.js";
import { enlarge } from "./pictures.js";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const KEPT_MS = 60_000;

export function exhibits(exchange) {
  const { charts = [], tables = [] } = exchange.card;
  return [...charts.map((chart) => chartView(chart, exchange)), ...tables.map((table) => tableView(table, exchange))];
}

function chartView(chart, exchange) {
  const { chat, id, words } = exchange;
  const image = h("img", { alt: chart.says, decoding: "async" });
  const open = h("button", { type: "button", class: "chart-open", "aria-label": words.openChart(chart.title), disabled: true });
  // Beside the picture and not around it: of a button only its name is read out.
  const box = h("div", { class: "wide" }, h("div", { class: "chart" }, image, open));
  const told = h("details", { class: "told" }, h("summary", {}, words.inWords), h("p", {}, chart.says));
  chat.album.exhibit(chart.file, id).then(
    (address) => {
      image.src = address;
      open.disabled = false;
      image.decode().then(() => chat.charted(exchange), () => null);
    },
    () => {
      // What it shows is still there in words.
      box.replaceWith(h("p", { class: "caption" }, words.fileGone));
      told.open = true;
    },
  );
  open.addEventListener("click", () => enlarge(open, image.src, { title: chart.title, label: chart.title, alt: chart.says, kind: "chart" }, words));
  return h("figure", { class: "exhibit", "aria-label": chart.title }, box, h("figcaption", {}, told));
}

function tableView(table, exchange) {
  const { words } = exchange;
  const figures = table.columns.map((_, column) => isFigures(table.rows.map((row) => row[column])));
  const cell = (tag, text, column, properties = {}) => h(tag, { class: figures[column] && "figures", ...properties }, text);
  const head = h("tr", {}, ...table.columns.map((name, column) => cell("th", name, column, { scope: "col" })));
  const body = table.rows.map((row) => h("tr", {}, ...row.map((text, column) => cell("td", text, column))));
  const count = h("span", { class: "count" }, words.tableRows(table.rows.length, table.total));
  return h(
    "figure",
    { class: "exhibit" },
    h("figcaption", {}, h("span", { class: "title" }, table.title), count, table.file && csvButton(table, exchange)),
    h(
      "div",
      { class: "wide", tabindex: "0", role: "region", "aria-label": table.title },
      h("table", { "aria-label": table.title }, h("thead", {}, head), h("tbody", {}, ...body)),
    ),
  );
}

function isFigures(cells) {
  const known = cells.filter((text) => text !== "");
  return known.length > 0 && known.every((text) => NUMBER.test(text));
}

// Fetched like everything else, so that the widget's token goes along, and then handed to the browser as a file.
function csvButton(table, { chat, id, words }) {
  const trouble = h("span", { class: "count", role: "status" });
  const button = h("button", { type: "button", class: "quiet", "aria-label": words.csvLabel(table.title) }, icon("download"), "CSV");
  button.addEventListener("click", async () => {
    trouble.textContent = "";
    try {
      const address = URL.createObjectURL(await chat.server.file(table.file, id));
      const link = h("a", { href: address, download: `${fileName(table.title)}.csv`, hidden: true });
      button.after(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
    } catch (problem) {
      trouble.textContent = problem.status === 404 ? words.fileGone : words.problems[problem.code] ?? words.problems.other;
    }
  });
  return h("span", { class: "get" }, trouble, button);
}

function fileName(title) {
  return title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "table";
}
