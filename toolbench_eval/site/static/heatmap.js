"use strict";
(() => {
  const { make } = window.Site;
  const filters = window.Filters;
  const { tasks, scores } = window.TASKS;
  const STEP = 15; // entries that are drawn at once
  const table = document.getElementById("heat");
  let from = 0;

  /** Both settings of a system beside each other, systems in the order of the better one. */
  const bySystem = (entries) => {
    const place = new Map();
    for (const one of entries) if (!place.has(one.system)) place.set(one.system, place.size);
    const order = (a, b) => place.get(a.system) - place.get(b.system) || b.instruction.localeCompare(a.instruction);
    return [...entries].sort(order);
  };

  const ordered = () => {
    const headline = (one) => one.values[0][0] ?? -1;
    const chosen = filters.chosen().sort((a, b) => a.bound - b.bound || headline(b) - headline(a));
    return filters.sideBySide() ? bySystem(chosen) : chosen;
  };

  const headCell = (one) => {
    const name = filters.sideBySide() ? `${one.name} · ${one.instruction}` : one.name;
    return make("th", { scope: "col", class: one.bound ? "bound" : null }, make("a", { href: one.page, title: name }, name));
  };

  const head = (entries) => make("thead", {}, make("tr", {},
    make("th", { scope: "col", class: "stick" }, "Task"), make("th", { scope: "col", class: "num" }, "Queries"),
    ...entries.map(headCell)));

  const line = (task, at, entries, shade) => {
    const own = entries.map((one) => scores[one.at][at]);
    const there = own.filter((score, place) => score !== null && !entries[place].bound);
    const [low, high] = shade === "task" && there.length ? [Math.min(...there), Math.max(...there)] : [0, 1];
    const level = (score) => (high > low ? Math.min(1, Math.max(0, (score - low) / (high - low))) : 0);
    const cell = (score) => make("td", { style: { "--v": level(score ?? low).toFixed(3) } }, score === null ? "–" : score.toFixed(3));
    return make("tr", {}, make("th", { scope: "row", class: "stick" }, task.name),
      make("td", { class: "num plain-cell" }, String(task.queries)), ...own.map(cell));
  };

  const part = (category, rows, width) => {
    const title = make("th", { scope: "rowgroup", colspan: width }, make("span", {}, category));
    return make("tbody", {}, category ? make("tr", { class: "part" }, title) : null, ...rows);
  };

  const draw = () => {
    const now = filters.state();
    const all = ordered();
    if (from >= all.length) from = 0;
    const entries = all.slice(from, from + STEP);
    const parts = new Map();
    tasks.forEach((task, at) => {
      if (now.category && task.category !== now.category) return;
      parts.set(task.category, [...(parts.get(task.category) ?? []), line(task, at, entries, now.shade)]);
    });
    const bodies = [...parts].map(([category, rows]) => part(category, rows, entries.length + 2));
    table.replaceChildren(make("caption", { class: "hidden" }, "Scores by task and system"), head(entries), ...bodies);

    const total = all.length.toLocaleString("en");
    document.getElementById("count").textContent = `${tasks.length} tasks, ${total} entries`;
    document.getElementById("pager").hidden = all.length <= STEP;
    document.getElementById("range").textContent = `${from + 1} to ${Math.min(from + STEP, all.length)} of ${total}`;
    document.getElementById("previous").disabled = from === 0;
    document.getElementById("next").disabled = from + STEP >= all.length;
  };

  document.getElementById("previous").addEventListener("click", () => { from = Math.max(0, from - STEP); draw(); });
  document.getElementById("next").addEventListener("click", () => { from += STEP; draw(); });
  filters.onChange(() => { from = 0; draw(); });
})();
