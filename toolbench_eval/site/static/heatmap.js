"use strict";
(() => {
  const { make } = window.Site;
  const filters = window.Filters;
  const tasks = window.TASKS;
  const STEP = 15; // systems that are drawn at once
  const table = document.getElementById("heat");
  let from = 0;

  const bySystem = (entries) => {
    const place = new Map();
    entries.forEach((one) => { if (!place.has(one.system)) place.set(one.system, place.size); });
    return [...entries].sort((a, b) => place.get(a.system) - place.get(b.system) || b.instruction.localeCompare(a.instruction));
  };

  const ordered = () => {
    const headline = (one) => one.values[0][0] ?? -1;
    const chosen = filters.chosen().sort((a, b) => a.bound - b.bound || headline(b) - headline(a));
    return filters.sideBySide() ? bySystem(chosen) : chosen;
  };

  const heading = (entries) => make("thead", {}, make("tr", {},
    make("th", { scope: "col", class: "stick" }, "Task"),
    make("th", { scope: "col", class: "num" }, "Queries"),
    ...entries.map((one) => make("th", { scope: "col" }, make("a", { href: one.page },
      filters.sideBySide() ? `${one.name} · ${one.instruction}` : one.name, one.bound ? " (bound)" : "")))));

  const line = (task, at, entries, shade) => {
    const scores = entries.map((one) => tasks.scores[one.at][at]);
    const there = scores.filter((score) => score !== null);
    const [low, high] = shade === "task" ? [Math.min(...there), Math.max(...there)] : [0, 1];
    const level = (score) => Math.min(1, Math.max(0, high > low ? (score - low) / (high - low) : 0));
    return make("tr", {}, make("th", { scope: "row", class: "stick" }, task.name), make("th", { class: "num muted" }, String(task.queries)),
      ...scores.map((score) => make("td", { style: { "--v": score === null ? "0" : level(score).toFixed(3) } }, score === null ? "–" : score.toFixed(3))));
  };

  const draw = () => {
    const now = filters.state();
    const all = ordered();
    if (from >= all.length) from = 0;
    const entries = all.slice(from, from + STEP);
    const parts = new Map();
    tasks.tasks.forEach((task, at) => {
      if (now.category && task.category !== now.category) return;
      parts.set(task.category, [...(parts.get(task.category) ?? []), line(task, at, entries, now.shade)]);
    });
    const bodies = [...parts].map(([category, rows]) => make("tbody", {},
      category ? make("tr", { class: "part" }, make("th", { scope: "rowgroup", class: "stick" }, category), make("td", { colspan: entries.length + 1, style: { "--v": "0" } })) : null, ...rows));
    table.replaceChildren(make("caption", { class: "hidden" }, "Scores by task and system"), heading(entries), ...bodies);
    document.getElementById("count").textContent = `${tasks.tasks.length} tasks, ${all.length.toLocaleString("en")} entries`;
    document.getElementById("pager").hidden = all.length <= STEP;
    document.getElementById("range").textContent = `${from + 1} to ${Math.min(from + STEP, all.length)} of ${all.length.toLocaleString("en")}`;
    document.getElementById("previous").disabled = from === 0;
    document.getElementById("next").disabled = from + STEP >= all.length;
  };

  document.getElementById("previous").addEventListener("click", () => { from = Math.max(0, from - STEP); draw(); });
  document.getElementById("next").addEventListener("click", () => { from += STEP; draw(); });
  filters.onChange(() => { from = 0; draw(); });
})();
