"use strict";
(() => {
  const { make, compare, shown, title } = window.Site;
  const filters = window.Filters;
  const board = window.BOARD;
  const STEP = 100; // rows that are drawn at once
  const table = document.getElementById("ranking");
  let drawn = STEP;

  /** Ranks among all systems of a setting, whatever is filtered away. */
  const ranks = (score) => {
    const values = new Map();
    const systems = board.entries.filter((one) => !one.bound && score.of(one) !== null);
    for (const one of systems) values.set(one.section, [...(values.get(one.section) ?? []), score.of(one)]);
    for (const own of values.values()) own.sort((a, b) => b - a);
    return new Map(systems.map((one) => [one.page, values.get(one.section).indexOf(score.of(one)) + 1]));
  };

  // Cells. A row holds one entry of each instruction setting; `entry` is the one that it is named after.

  const groupOf = (entry, score) => (score.tested ? entry.groups[score.line] : undefined);

  const rankCell = (entry, score, places, edge) => {
    const [, best, worst] = groupOf(entry, score) ?? [];
    const left = best === worst ? best : `${best}–${worst}`;
    const text = entry.bound ? "–" : left ?? places.get(entry.page) ?? "";
    return make("td", { class: edge ? "num edge" : "num" }, String(text));
  };

  const groupCell = (entry, score) => {
    const letters = groupOf(entry, score)?.[0];
    const first = letters?.startsWith("a") && !/^a\d/.test(letters);
    return make("td", {}, letters ? make("span", { class: first ? "group first" : "group" }, letters) : "");
  };

  const systemCell = (entry) => make("th", { scope: "row", class: "stick" },
    make("a", { class: "name", href: entry.page }, entry.name),
    make("span", { class: "tick", title: "verified", "aria-hidden": "true" }, " ✓"),
    make("span", { class: "hidden" }, " verified"),
    entry.trained === "none" ? null : make("span", { class: "tag warn" }, `trained on ${entry.trained} data`));

  const typeText = (entry) => entry.families.join(" + ");

  /** The value and its interval on a common scale; the numbers are in the page of the entry. */
  const whisker = (entry, score, scale) => {
    const value = score.of(entry);
    if (value === null || entry.bound) return make("span", { class: "whisker empty" });
    const [low, high] = score.headline ? entry.ci : [value, value];
    const place = (number) => `${(100 * (number - scale.low)) / (scale.high - scale.low)}%`;
    const words = score.headline ? `95 % interval ${shown(low)} – ${shown(high)}` : null;
    const style = { "--low": place(low), "--high": place(high), "--at": place(value) };
    return make("span", { class: "whisker", "aria-hidden": "true", title: words, style });
  };

  const scaleOf = (entries, score) => {
    const ends = entries.filter((one) => !one.bound && score.of(one) !== null)
      .flatMap((one) => (score.headline ? one.ci : [score.of(one)]));
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    return high > low ? { low, high } : { low: low - 0.5, high: low + 0.5 };
  };

  const named = [
    { key: "system", label: "System", stick: true, value: (row) => row.entry.name, cell: (row) => systemCell(row.entry) },
    { key: "type", label: "Type", value: (row) => typeText(row.entry),
      cell: (row) => make("td", { class: "quiet" }, typeText(row.entry)) },
  ];

  /** Columns for one setting: rank, system, type, score, group, categories. */
  const single = (score, places, entries) => {
    const scale = scaleOf(entries, score);
    const categories = board.lines.map((one, at) => ({ ...one, at }))
      .filter((one) => one.kind === "category" && one.name !== score.line);
    return [
      { key: "rank", label: "Rank", numeric: true, up: true, value: (row) => places.get(row.entry.page) ?? null,
        cell: (row) => rankCell(row.entry, score, places) },
      ...named,
      { key: "score", label: `${score.measure}, ${title(score.line).toLowerCase()}`, numeric: true,
        value: (row) => score.of(row.entry),
        cell: (row) => make("td", { class: "num" }, make("b", {}, shown(score.of(row.entry))), whisker(row.entry, score, scale)) },
      { key: "group", label: "Group", value: (row) => groupOf(row.entry, score)?.[0] ?? null,
        cell: (row) => groupCell(row.entry, score) },
      ...categories.map((one) => ({
        key: one.name, label: title(one.name), numeric: true, value: (row) => score.of(row.entry, one.at),
        cell: (row) => make("td", { class: "num" }, shown(score.of(row.entry, one.at))),
      })),
    ];
  };

  /** Columns of one of two settings that stand side by side. */
  const side = (score, places, own) => {
    const value = (row) => (row[own] ? score.of(row[own]) : null);
    const words = (row) => `${shown(value(row))}, ${row[own].name}, ${own} instruction`;
    const link = (row) => make("a", { href: row[own].page, "aria-label": words(row) }, make("b", {}, shown(value(row))));
    const empty = (edge) => make("td", { class: edge ? "edge" : null });
    return [
      { key: `rank-${own}`, label: "Rank", over: own, numeric: true, up: true, edge: true,
        value: (row) => places.get(row[own]?.page) ?? null,
        cell: (row) => (row[own] ? rankCell(row[own], score, places, true) : empty(true)) },
      { key: `score-${own}`, label: score.measure, over: own, numeric: true, value,
        cell: (row) => (row[own] ? make("td", { class: "num" }, link(row)) : empty()) },
      { key: `group-${own}`, label: "Group", over: own, value: (row) => (row[own] && groupOf(row[own], score)?.[0]) ?? null,
        cell: (row) => (row[own] ? groupCell(row[own], score) : empty()) },
    ];
  };

  const double = (score, places) => {
    const gain = (row) => {
      const [without, own] = [row.without, row.with].map((entry) => (entry ? score.of(entry) : null));
      return without === null || own === null ? null : own - without;
    };
    const signed = (number) => (number === null ? "" : `${number < 0 ? "−" : "+"}${shown(Math.abs(number))}`);
    return [
      ...named, ...side(score, places, "without"), ...side(score, places, "with"),
      { key: "gain", label: "Gain", numeric: true, edge: true, value: gain,
        cell: (row) => make("td", { class: "num edge" }, signed(gain(row))) },
    ];
  };

  const pairs = (entries) => {
    const found = new Map();
    for (const entry of entries) {
      // Entries that differ in nothing that is shown stay apart: each opens a row of its own.
      let key = String(entry.system);
      while (found.get(key)?.[entry.instruction]) key += "'";
      found.set(key, { entry, ...found.get(key), [entry.instruction]: entry });
    }
    return [...found.values()];
  };

  // The table.

  const headCell = (column, sorted) => {
    const state = sorted.key !== column.key ? "none" : sorted.down ? "descending" : "ascending";
    const classes = [column.numeric && "num", column.stick && "stick", column.edge && "edge"].filter(Boolean).join(" ");
    const button = make("button", { type: "button", "data-key": column.key, onclick: () => resort(column, sorted) }, column.label);
    return make("th", { scope: "col", class: classes || null, "aria-sort": state }, button);
  };

  const head = (columns, sorted) => {
    const rows = [make("tr", {}, ...columns.map((column) => headCell(column, sorted)))];
    const first = columns.findIndex((column) => column.over);
    if (first >= 0) {
      const over = (name) => make("th", { scope: "colgroup", colspan: 3, class: "over edge" }, `${title(name)} instruction`);
      const blank = (span, edge) => make("td", { colspan: span, class: edge ? "over edge" : "over" });
      rows.unshift(make("tr", {}, blank(first), over("without"), over("with"), blank(1, true)));
    }
    return make("thead", {}, ...rows);
  };

  const body = (columns, rows) => make("tbody", {},
    ...rows.map((row) => make("tr", { class: row.entry.bound ? "bound" : null }, ...columns.map((column) => column.cell(row)))));

  const part = (columns) => make("tr", { class: "part" },
    make("th", { scope: "rowgroup", colspan: columns.length }, make("span", {}, "Sanity bounds, which are no systems and have no rank")));

  const resort = (column, sorted) => {
    const down = sorted.key === column.key ? !sorted.down : Boolean(column.numeric) && !column.up;
    filters.remember("sort", `${down ? "-" : ""}${column.key}`);
    draw();
    table.querySelector(`button[data-key="${CSS.escape(column.key)}"]`)?.focus();
  };

  const sorting = (columns, fallback) => {
    const wanted = filters.recall("sort") ?? "";
    const key = wanted.replace(/^-/, "");
    return columns.some((column) => column.key === key) ? { key, down: wanted.startsWith("-") } : { key: fallback, down: true };
  };

  const draw = () => {
    if (!board.entries.length) return; // a board may have nothing but reported figures
    const now = filters.state();
    document.getElementById("verified").hidden = now.mark === "reported";
    const score = filters.scoring();
    const [places, chosen, both] = [ranks(score), filters.chosen(), filters.sideBySide()];
    const rowsOf = (entries) => (both ? pairs(entries) : entries.map((entry) => ({ entry })));
    const columns = both ? double(score, places) : single(score, places, chosen);
    const sorted = sorting(columns, both ? "score-with" : "score");
    const by = columns.find((column) => column.key === sorted.key);
    const rows = rowsOf(chosen).sort((a, b) => compare(by.value(a), by.value(b), sorted.down));
    const [systems, bounds] = [rows.filter((row) => !row.entry.bound), rows.filter((row) => row.entry.bound)];
    const below = bounds.length ? body(columns, bounds) : null;
    below?.prepend(part(columns));
    const caption = make("caption", { class: "hidden" }, "Verified systems; the buttons in the head sort");
    table.replaceChildren(...[caption, head(columns, sorted), body(columns, systems.slice(0, drawn)), below].filter(Boolean));

    const all = rowsOf(filters.chosen({ setting: now.setting, instruction: now.instruction }));
    const number = (count) => count.toLocaleString("en");
    document.getElementById("more").hidden = systems.length <= drawn;
    document.getElementById("count").textContent = `${number(rows.length)} of ${number(all.length)} rows`;
    const notes = [...new Set(chosen.map((one) => board.tests[one.section]))].join(" ");
    document.getElementById("tests").textContent = score.tested ? notes : `The tests are on ${board.metric}: no groups for other measures.`;
  };

  /** Reported figures stay in tables of their own; search and type apply to them, too. */
  const drawReported = () => {
    const section = document.getElementById("reported");
    if (!section) return;
    const now = filters.state();
    section.hidden = now.mark === "verified" || now.mark === "bound";
    for (const row of section.querySelectorAll("tbody tr")) {
      row.hidden = !filters.named(row.dataset.name, now.q) || Boolean(now.type && row.dataset.type !== now.type);
    }
  };

  document.getElementById("more-some")?.addEventListener("click", () => { drawn += STEP; draw(); });
  document.getElementById("more-all")?.addEventListener("click", () => { drawn = Infinity; draw(); });
  filters.onChange(() => { drawn = STEP; draw(); drawReported(); });
})();
