/** Charts over time, drawn by hand as SVG; each says in words what it shows, and has its numbers as a table, too. */

import { h, s } from "./dom.js";
import { dateTime, tick } from "./format.js";
import { scrollable, table } from "./parts.js";

const WIDTH = 640;
const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 22;
const TOP = 10;

/**
 * A chart of periods. `series` is a list of `{name, mark, value, text}`: `value` of a period is a number or null, `text`
 * is how a table shows it; `mark` is `a`, `b` or `c`, which differ in colour and pattern. `kind` is `bars` or `line`.
 */
export function chart({ title, unit, kind, period, periods, series }) {
  const largest = Math.max(0, ...periods.flatMap((each) => series.map(({ value }) => value(each) ?? 0)));
  const scale = scaleFor(largest, unit === "");
  const id = `chart-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  const drawing = s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-labelledby": id, class: "chart" },
    s("title", { id }, summary(title, unit, periods, series)),
    patterns(id),
    axis(scale, unit),
    labels(periods, period),
    series.map((each, place) =>
      kind === "bars" ? bars(each, place, series.length, periods, scale, id) : line(each, periods, scale),
    ),
  );
  const columns = [
    { name: "From", cell: (each) => dateTime(each.start).slice(0, 16) },
    ...series.map((each) => ({ name: each.name, kind: "number", cell: (row) => each.text(row) })),
  ];
  const isTelling = (each) => series.some(({ value }) => value(each));
  const rows = periods.filter(isTelling).reverse();
  return h(
    "figure",
    { class: "figure" },
    h(
      "figcaption",
      {},
      h("span", {}, h("span", { class: "title" }, title), unit ? h("span", { class: "muted" }, `, ${unit}`) : null),
      series.length > 1 ? legend(series) : null,
    ),
    drawing,
    h(
      "details",
      { "data-key": id },
      h("summary", {}, `${title} as a table`),
      rows.length
        ? scrollable(
            `${title}, numbers`,
            table(`${title}: periods in which there was something`, columns, rows, {
              compact: true,
              hideCaption: true,
            }),
          )
        : h("p", { class: "muted" }, "Nothing in this time."),
    ),
  );
}

function summary(title, unit, periods, series) {
  const parts = series.map((each) => {
    const values = periods.map(each.value).filter((value) => value !== null);
    if (!values.length) return `${each.name}: nothing`;
    const sum = values.reduce((total, value) => total + value, 0);
    const [least, most, last] = [Math.min(...values), Math.max(...values), values.at(-1)].map(number);
    return unit === ""
      ? `${each.name}: ${number(sum)} in all, at most ${most} at once`
      : `${each.name}: ${least} to ${most}, at last ${last}`;
  });
  return `${title}${unit ? `, ${unit}` : ""}. ${parts.join("; ")}.`;
}

function number(value) {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}

/** A round number not below the largest value, in a few steps. */
function scaleFor(largest, isWhole) {
  if (largest === 0) return { top: isWhole ? 4 : 1, steps: 2 };
  const power = 10 ** Math.floor(Math.log10(largest));
  const top = [1, 2, 4, 5, 10].map((each) => each * power).find((each) => each >= largest * 1.0001) ?? 10 * power;
  return isWhole && top < 4 ? { top: 4, steps: 4 } : { top, steps: 2 };
}

const x = (place, many) => LEFT + (place * (WIDTH - LEFT)) / many;
const y = (value, scale) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / scale.top);

function axis(scale, unit) {
  const values = Array.from({ length: scale.steps + 1 }, (_, step) => (scale.top * step) / scale.steps);
  const shown = unit === "" ? values.filter(Number.isInteger) : values;
  return shown.map((value) => [
    s("line", { x1: LEFT, x2: WIDTH, y1: y(value, scale), y2: y(value, scale), class: value === 0 ? "base" : "rule" }),
    s("text", { x: LEFT - 8, y: y(value, scale) + 4, "text-anchor": "end", "aria-hidden": "true" }, compact(value)),
  ]);
}

function compact(value) {
  return value.toLocaleString("en", { notation: "compact", maximumFractionDigits: 2 });
}

function labels(periods, period) {
  const every = Math.max(1, Math.ceil(periods.length / 6));
  const last = periods.length - 1;
  return periods
    .map((each, place) => [each, place])
    .filter(([, place]) => (last - place) % every === 0 && place > 0)
    .map(([each, place]) =>
      s(
        "text",
        {
          x: Math.min(x(place + 0.5, periods.length), WIDTH - 18),
          y: HEIGHT - 6,
          "text-anchor": "middle",
          "aria-hidden": "true",
        },
        tick(each.start, period),
      ),
    );
}

function patterns(id) {
  const stripes = s(
    "pattern",
    { id: `${id}-stripes`, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { width: 5, height: 5, class: "ground" }),
    s("rect", { width: 2.5, height: 5, class: "stripe" }),
  );
  return s("defs", {}, stripes);
}

function bars({ name, mark, value, text }, place, many, periods, scale, id) {
  const wide = (WIDTH - LEFT) / periods.length;
  const each = Math.max(1.5, (wide * 0.78) / many);
  return periods.map((period, number) => {
    const amount = value(period);
    if (!amount) return null;
    const top = y(amount, scale);
    return s(
      "rect",
      {
        x: x(number, periods.length) + wide * 0.11 + place * each,
        y: top,
        width: Math.max(1, each - 1),
        height: HEIGHT - BOTTOM - top,
        class: `mark ${mark}`,
        fill: mark === "c" ? `url(#${id}-stripes)` : null,
      },
      s("title", {}, `${dateTime(period.start).slice(0, 16)}, ${name}: ${text(period)}`),
    );
  });
}

/** A line through the periods that have a value, each with a point. */
function line({ name, mark, value, text }, periods, scale) {
  const points = periods
    .map((period, place) => ({ period, at: x(place + 0.5, periods.length), amount: value(period) }))
    .filter(({ amount }) => amount !== null);
  const path = points
    .map(({ at, amount }, place) => `${place ? "L" : "M"}${at.toFixed(1)} ${y(amount, scale).toFixed(1)}`)
    .join("");
  return [
    points.length > 1 ? s("path", { d: path, class: `line ${mark}` }) : null,
    points.map(({ period, at, amount }) =>
      s(
        "circle",
        { cx: at, cy: y(amount, scale), r: periods.length > 40 ? 2 : 3, class: `point ${mark}` },
        s("title", {}, `${dateTime(period.start).slice(0, 16)}, ${name}: ${text(period)}`),
      ),
    ),
  ];
}

function legend(series) {
  return h(
    "span",
    { class: "legend" },
    series.map(({ name, mark }) => h("span", {}, h("span", { class: `key ${mark}`, "aria-hidden": "true" }), name)),
  );
}
