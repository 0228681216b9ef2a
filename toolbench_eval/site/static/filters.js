"use strict";
// The toolbar of a board: its choices live in the address, so that they survive a visit to another page.
window.Filters = (() => {
  const board = window.BOARD;
  const form = document.getElementById("toolbar");
  const listeners = [];
  const parameters = new URLSearchParams(location.hash.slice(1));
  const initial = {};

  const fields = () => (form ? [...form.elements].filter((one) => one.name) : []);
  for (const field of fields()) {
    initial[field.name] = field.tagName === "SELECT" ? field.options[0]?.value ?? "" : "";
    const wanted = parameters.get(field.name) ?? initial[field.name]; // what the browser restored is not what is asked
    const there = field.tagName !== "SELECT" || [...field.options].some((option) => option.value === wanted);
    field.value = there ? wanted : initial[field.name];
  }

  const state = () => Object.fromEntries(fields().map((one) => [one.name, one.value]));

  const keep = () => {
    for (const [name, value] of Object.entries(state())) {
      if (value === initial[name]) parameters.delete(name);
      else parameters.set(name, value);
    }
    const hash = parameters.toString() && `#${parameters}`;
    history.replaceState(null, "", hash || location.pathname + location.search);
    for (const link of document.querySelectorAll("a[data-keep]")) {
      link.href = link.getAttribute("href").split("#")[0] + hash;
    }
  };

  /** Remember a choice that is no field, such as the sorted column. */
  const remember = (name, value) => { parameters.set(name, value); keep(); };
  const recall = (name) => parameters.get(name);

  const named = (name, asked) => (asked ?? "").toLowerCase().split(/\s+/).every((word) => name.toLowerCase().includes(word));

  /** Entries that fit the choices, in the order of the data; `at` is their place in it. */
  const chosen = (now = state()) => {
    const setting = now.setting ?? board.entries[0]?.setting;
    return board.entries.map((entry, at) => ({ ...entry, at })).filter((entry) =>
      entry.setting === setting
      && (!now.instruction || now.instruction === "both" || entry.instruction === now.instruction)
      && (!now.type || entry.families.includes(now.type))
      && (!now.mark || now.mark === (entry.bound ? "bound" : "verified"))
      && named(entry.name, now.q));
  };

  /** The score that is asked for: `of(entry)` is its value. Tests are on the headline's measure only. */
  const scoring = () => {
    const now = state();
    const line = Math.max(0, board.lines.findIndex((one) => one.name === now.line));
    const measure = Math.max(0, board.measures.indexOf(now.measure));
    return {
      line: board.lines[line]?.name ?? "", measure: board.measures[measure], tested: measure === 0,
      headline: measure === 0 && line === 0, of: (entry, at = line) => entry.values[measure]?.[at] ?? null,
    };
  };

  const sideBySide = () => state().instruction === "both";
  const onChange = (listener) => { listeners.push(listener); listener(); };
  form?.addEventListener("input", () => { keep(); listeners.forEach((listener) => listener()); });
  form?.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("pageshow", (event) => { if (event.persisted) listeners.forEach((listener) => listener()); });
  keep();
  return { state, chosen, scoring, named, sideBySide, onChange, remember, recall };
})();
