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
    initial[field.name] = field.value;
    const wanted = parameters.get(field.name);
    if (wanted === null) continue;
    if (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === wanted)) field.value = wanted;
  }

  const state = () => Object.fromEntries(fields().map((one) => [one.name, one.value]));

  /** Remember a choice that is no field, such as the sorted column. */
  const remember = (name, value) => { parameters.set(name, value); keep(); };
  const recall = (name) => parameters.get(name);

  const keep = () => {
    for (const [name, value] of Object.entries(state())) {
      if (value === initial[name]) parameters.delete(name);
      else parameters.set(name, value);
    }
    const hash = parameters.toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    document.querySelectorAll("a[data-keep]").forEach((link) => {
      link.href = link.getAttribute("href").split("#")[0] + (hash ? `#${hash}` : "");
    });
  };

  /** Entries that fit the choices, in the order of the data: best first, bounds last. */
  const chosen = (now = state()) => {
    const setting = now.setting ?? board.entries[0]?.setting;
    const words = (now.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    return board.entries.map((entry, at) => ({ ...entry, at })).filter((entry) =>
      entry.setting === setting
      && (!now.instruction || now.instruction === "both" || entry.instruction === now.instruction)
      && (!now.type || entry.families.includes(now.type))
      && (!now.mark || now.mark === (entry.bound ? "bound" : "verified"))
      && words.every((word) => entry.name.toLowerCase().includes(word)));
  };

  const sideBySide = () => state().instruction === "both";
  const onChange = (listener) => { listeners.push(listener); listener(); };
  const changed = () => { keep(); listeners.forEach((listener) => listener()); };
  if (form) {
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  keep();
  return { state, chosen, sideBySide, onChange, remember, recall };
})();
