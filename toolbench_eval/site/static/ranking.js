"use strict";
(() => {
  const { make, compare } = window.Site;
  const filters = window.Filters;
  const board = window.BOARD;
  const STEP = 100; // rows that are drawn at once
  const table = document.getElementById("ranking");
  let drawn = STEP;

  const shown = (value) => (value === null || value === undefined ? "" : value.toFixed(4));
  const title = (name) => name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

  /** The score that the toolbar asks for. */
  const scoring = () => {
    const now = filters.state();
    const line = Math.max(0, board.lines.findIndex((one) => one.name === now.line));
    const measure = Math.max(0, board.measures.indexOf(now.measure));
    return { line, measure, of: (entry, at = line) => entry.values[measure]?.[at] ?? null };
  };

  /** Ranks among all systems of a setting, whatever is filtered away. */
  const ranks = (score) => {
    const found = new Map();
    const sections = Map.groupBy ? Map.groupBy(board.entries, (one) => one.section) : grouped(board.entries);
    for (const entries of sections.values()) {
      const values = entries.filter((one) => !one.bound).map((one) => score.of(one)).sort((a, b) => b - a);
      for (const one of entries) if (!one.bound && score.of(one) !== null) found.set(one.page, values.indexOf(score.of(one)) + 1);
    }
    return found;
  };
  const grouped = (entries) => {
    const found = new Map();
    for (const one of entries) found.set(one.section, [...(found.get(one.section) ?? []), one]);
    return found;
  };

  const groupOf = (entry, score) => (score.measure === 0 ? entry.groups[board.lines[score.line].name] : undefined);

  const rankText = (entry, score, places) => {
    const group = groupOf(entry, score);
    if (entry.bound) return "–";
    if (group) return group[1] === group[2] ? String(group[1]) : `${group[1]}–${group[2]}`;
    return String(places.get(entry.page) ?? "");
  };

  const groupMark = (entry, score) => {
    const letters = groupOf(entry, score)?.[0];
    return letters ? make("span", { class: letters.includes("a") && letters[0] === "a" ? "group first" : "group" }, letters) : "";
  };

  const whisker = (entry, score, most) => {
    const value = score.of(entry);
    if (value === null || value < 0) return null;
    const percent = (number) => `${Math.min(100, Math.max(0, (100 * number) / most))}%`;
    const [low, high] = score.line === 0 && score.measure === 0 ? entry.ci : [value, value];
    return make("span", {
      class: "whisker", "aria-hidden": "true", title: low === high ? null : `95 % interval ${shown(low)} – ${shown(high)}`,
      style: { "--low": percent(low), "--high": percent(high), "--at": percent(value) },
    });
  };

  const systemCell = (entry, linked) => {
    const marks = [make("span", { class: "tick", title: "verified", "aria-hidden": "true" }, " ✓"), make("span", { class: "hidden" }, " verified")];
    if (entry.bound) marks.push(" ", make("span", { class: "tag quiet" }, "bound"));
    if (entry.trained !== "none") marks.push(" ", make("span", { class: "tag warn" }, `trained on ${entry.trained}`));
    const name = linked ? make("a", { class: "name", href: entry.page }, entry.name) : make("span", { class: "name" }, entry.name);
    return make("th", { scope: "row", class: "stick" }, name, ...marks);
  };

  /** Columns for one setting: rank, system, type, score, group, categories. */
  const single = (score, places, most) => {
    const categories = board.lines.map((one, at) => ({ ...one, at })).filter((one) => one.kind === "category" && one.at !== score.line);
    return [
      { key: "rank", label: "Rank", numeric: true, value: (row) => (row.entry.bound ? null : -(score.of(row.entry) ?? -1)), cell: (row) => make("td", { class: "num" }, rankText(row.entry, score, places)) },
      { key: "system", label: "System", stick: true, value: (row) => row.entry.name, cell: (row) => systemCell(row.entry, true) },
      { key: "type", label: "Type", value: (row) => row.entry.families.join(" + "), cell: (row) => make("td", { class: "muted" }, row.entry.families.join(" + ")) },
      { key: "score", label: `${board.measures[score.measure]}, ${title(board.lines[score.line].name).toLowerCase()}`, numeric: true, value: (row) => score.of(row.entry), cell: (row) => make("td", { class: "num" }, make("b", {}, shown(score.of(row.entry))), whisker(row.entry, score, most)) },
      { key: "group", label: "Group", value: (row) => groupOf(row.entry, score)?.[0] ?? "", cell: (row) => make("td", {}, groupMark(row.entry, score)) },
      ...categories.map((one) => ({ key: one.name, label: title(one.name), numeric: true, value: (row) => score.of(row.entry, one.at), cell: (row) => make("td", { class: "num" }, shown(score.of(row.entry, one.at))) })),
    ];
  };

  /** Columns for both settings side by side. */
  const double = (score, places, sides) => {
    const value = (row, side) => (row[side] ? score.of(row[side]) : null);
    const gain = (row) => (value(row, "with") === null || value(row, "without") === null ? null : value(row, "with") - value(row, "without"));
    const ofSide = (side) => [
      { key: `rank-${side}`, label: "Rank", over: side, numeric: true, edge: true, value: (row) => (!row[side] || row[side].bound ? null : -value(row, side)), cell: (row) => make("td", { class: "num edge" }, row[side] ? rankText(row[side], score, places) : "") },
      { key: `score-${side}`, label: board.measures[score.measure], over: side, numeric: true, value: (row) => value(row, side), cell: (row) => make("td", { class: "num" }, row[side] ? make("a", { href: row[side].page, "aria-label": `${shown(value(row, side))}, ${row[side].name} ${side} instruction` }, make("b", {}, shown(value(row, side)))) : "") },
      { key: `group-${side}`, label: "Group", over: side, value: (row) => (row[side] && groupOf(row[side], score)?.[0]) || "", cell: (row) => make("td", {}, row[side] ? groupMark(row[side], score) : "") },
    ];
    return [
      { key: "system", label: "System", stick: true, value: (row) => row.entry.name, cell: (row) => systemCell(row.entry, true) },
      { key: "type", label: "Type", value: (row) => row.entry.families.join(" + "), cell: (row) => make("td", { class: "muted" }, row.entry.families.join(" + ")) },
      ...sides.flatMap(ofSide),
      { key: "gain", label: "Gain", numeric: true, edge: true, value: gain, cell: (row) => make("td", { class: "num edge" }, gain(row) === null ? "" : `${gain(row) < 0 ? "−" : "+"}${shown(Math.abs(gain(row)))}`) },
    ];
  };

  const pairs = (entries) => {
    const found = new Map();
    for (const entry of entries) {
      // Entries that differ in nothing that is shown stay apart: each opens a row of its own.
      let key = `${entry.system}`;
      while (found.get(key)?.[entry.instruction]) key += "'";
      found.set(key, { entry, ...found.get(key), [entry.instruction]: entry });
    }
    return [...found.values()];
  };

  const heading = (columns, sorted) => {
    const top = [];
    for (const column of columns) {
      const last = top[top.length - 1];
      if (last && last.over && last.over === column.over) last.span += 1;
      else top.push({ over: column.over, span: 1 });
    }
    const rows = [make("tr", {}, ...columns.map((column) => make("th", {
      scope: "col", class: [column.numeric ? "num" : "", column.stick ? "stick" : "", column.edge ? "edge" : ""].join(" ").trim() || null,
      "aria-sort": sorted.key === column.key ? (sorted.down ? "descending" : "ascending") : "none",
    }, make("button", { type: "button", "data-key": column.key, onclick: () => resort(column, sorted) }, column.label))))];
    if (top.some((one) => one.over)) {
      rows.unshift(make("tr", {}, ...top.map((one) => (one.over
        ? make("th", { scope: "colgroup", colspan: one.span, class: "over edge" }, `${title(one.over)} instruction`)
        : make("td", { colspan: one.span, class: "over" })))));
    }
    return make("thead", {}, ...rows);
  };

  const resort = (column, sorted) => {
    const first = Boolean(column.numeric) && !column.key.startsWith("rank");
    const down = sorted.key === column.key ? !sorted.down : first;
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
    const now = filters.state();
    const verified = document.getElementById("verified");
    verified.hidden = now.mark === "reported";
    if (!board.entries.length) return;
    const score = scoring();
    const places = ranks(score);
    const chosen = filters.chosen();
    const sides = [...new Set(board.entries.map((one) => one.instruction))].sort().reverse();
    const both = filters.sideBySide();
    const rows = both ? pairs(chosen) : chosen.map((entry) => ({ entry }));
    const most = Math.max(...chosen.map((one) => Math.max(score.of(one) ?? 0, one.ci[1] ?? 0)), 0.01);
    const columns = both ? double(score, places, sides) : single(score, places, most);
    const sorted = sorting(columns, both ? `score-${sides[sides.length - 1]}` : "score");
    const by = columns.find((column) => column.key === sorted.key);
    rows.sort((a, b) => compare(by.value(a), by.value(b), sorted.down));
    const caption = make("caption", { class: "hidden" }, "Verified systems; the buttons in the head sort");
    const body = make("tbody", {}, ...rows.slice(0, drawn).map((row) => make("tr", { class: row.entry.bound ? "bound" : null }, ...columns.map((column) => column.cell(row)))));
    table.replaceChildren(caption, heading(columns, sorted), body);
    document.getElementById("more").hidden = rows.length <= drawn;
    const total = both ? pairs(board.entries.filter((one) => one.setting === (now.setting ?? board.entries[0].setting))).length : board.entries.length;
    document.getElementById("count").textContent = `${rows.length.toLocaleString("en")} of ${total.toLocaleString("en")} rows`;
    const notes = new Set(chosen.map((one) => board.tests[one.section]));
    document.getElementById("tests").textContent = score.measure === 0 ? [...notes].join(" ") : `Tests are on ${board.metric}: no groups for other measures.`;
  };

  /** Reported figures stay in tables of their own; search and type apply to them, too. */
  const drawReported = () => {
    const section = document.getElementById("reported");
    if (!section) return;
    const now = filters.state();
    section.hidden = now.mark === "verified" || now.mark === "bound";
    const words = (now.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    section.querySelectorAll("tbody tr").forEach((row) => {
      row.hidden = !words.every((word) => row.dataset.name.toLowerCase().includes(word)) || Boolean(now.type && row.dataset.type !== now.type);
    });
  };

  document.getElementById("more-some").addEventListener("click", () => { drawn += STEP; draw(); });
  document.getElementById("more-all").addEventListener("click", () => { drawn = Infinity; draw(); });
  filters.onChange(() => { drawn = STEP; draw(); drawReported(); });
})();
