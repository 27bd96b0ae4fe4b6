// Figures over time as a small drawing: lines with gaps, a few marks on both axes, and the moment when it began.

import { h } from "./dom.js";
import { languageTag } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 160;
const ROOM = { left: 52, right: 10, top: 20, bottom: 22 };
const MARKS = [1, 2, 2.5, 5, 10];
const STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

// A figure that draws itself as wide as its place is. ``began``: in seconds since 1970.
export function linesView(chart, title, began, say, language) {
  const place = h("div", { class: "lines" });
  const ends = bounds(chart);
  const when = (at) => new Intl.DateTimeFormat(languageTag(language), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at * 1000));
  const names = chart.curves.map((curve) => curve.name).join(", ");
  const told = [say.chart(names, when(ends.from), when(ends.to)), ...chart.curves.map((curve) => tellCurve(curve, chart.unit, say))].join(" ");
  const draw = (width) => place.replaceChildren(drawn(chart, ends, began, { width, told, when, say }));
  new ResizeObserver(([entry]) => entry.contentRect.width > 0 && draw(Math.round(entry.contentRect.width))).observe(place);
  const legend = h("ul", { class: "legend" }, ...chart.curves.map((curve, at) => h("li", { class: `curve-${at}` }, curve.name)));
  return h("figure", { class: "chart-lines" }, h("figcaption", {}, title), place, legend, chart.left_out ? h("p", { class: "count" }, say.leftOut(chart.left_out)) : null);
}

function bounds(chart) {
  const points = chart.curves.flatMap((curve) => curve.pieces.flat());
  const values = points.map(([, value]) => value);
  const moments = points.map(([at]) => at);
  const low = Math.min(0, least(values));
  const high = -least(values.map((value) => -value));
  return { from: least(moments), to: -least(moments.map((at) => -at)), low, high: high > low ? high : low + 1 };
}

// Without spreading: thousands of arguments are more than a call takes.
function least(values) {
  return values.reduce((one, other) => (other < one ? other : one), Infinity);
}

function tellCurve(curve, unit, say) {
  const values = curve.pieces.flat().map(([, value]) => value);
  return say.curve(curve.name, ...[values[0], values.at(-1), -least(values.map((value) => -value))].map((value) => number(value, unit)));
}

function number(value, unit = "") {
  const size = Math.abs(value);
  const text = size >= 1e15 || (size > 0 && size < 1e-4) ? value.toExponential(1) : new Intl.NumberFormat("en", { maximumSignificantDigits: 3, notation: size >= 1e5 ? "compact" : "standard" }).format(value);
  return unit ? `${text} ${unit}` : text;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function drawn(chart, ends, began, { width, told, when, say }) {
  const x = (at) => ROOM.left + ((at - ends.from) / (ends.to - ends.from || 1)) * (width - ROOM.left - ROOM.right);
  const y = (value) => HEIGHT - ROOM.bottom - ((value - ends.low) / (ends.high - ends.low)) * (HEIGHT - ROOM.top - ROOM.bottom);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": told });
  for (const value of marks(ends.low, ends.high, 3)) {
    picture.append(svg("line", { class: "grid", x1: ROOM.left, x2: width - ROOM.right, y1: y(value), y2: y(value) }));
    picture.append(svg("text", { x: ROOM.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, chart.unit)));
  }
  for (const at of ticks(ends.from, ends.to, Math.max(2, Math.min(7, Math.floor(width / 100))))) {
    const anchor = x(at) < ROOM.left + 20 ? "start" : x(at) > width - ROOM.right - 20 ? "end" : "middle";
    picture.append(svg("text", { x: x(at), y: HEIGHT - 5, "text-anchor": anchor }, when(at)));
  }
  if (began > ends.from && began < ends.to) {
    const late = began > (ends.from + ends.to) / 2;
    picture.append(svg("line", { class: "began", x1: x(began), x2: x(began), y1: ROOM.top, y2: HEIGHT - ROOM.bottom }));
    picture.append(svg("text", { class: "began-name", x: x(began), y: ROOM.top - 6, "text-anchor": late ? "end" : "start" }, say.beganMark));
  }
  chart.curves.forEach((curve, at) => {
    for (const piece of curve.pieces) {
      const points = piece.map(([moment, value]) => `${x(moment).toFixed(1)},${y(value).toFixed(1)}`);
      if (points.length > 1) picture.append(svg("polyline", { class: `curve curve-${at}`, points: points.join(" ") }));
      else picture.append(svg("circle", { class: `dot curve-${at}`, cx: x(piece[0][0]), cy: y(piece[0][1]), r: 2 }));
    }
  });
  return picture;
}

// Moments of whole minutes or hours between two, at most so many.
function ticks(from, to, most) {
  const step = STEPS.find((seconds) => (to - from) / seconds <= most) ?? (to - from) / most;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step + 1e-9) + 1) }, (_, at) => first + at * step);
}

// Round values between two, about so many.
function marks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (MARKS.find((mark) => mark * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, at) => first + at * step);
}
