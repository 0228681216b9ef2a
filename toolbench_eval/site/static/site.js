"use strict";
// What all pages share: making elements, sorting tables that came with the page, copying commands.
window.Site = (() => {
  /** An element with properties and children. Text only ever becomes text: names come from anywhere. */
  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined || value === null) continue;
      if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };

  /** Order of two values, empty ones last whichever way: numbers before texts. */
  const compare = (first, second, down) => {
    const empty = (value) => value === null || value === undefined || value === "";
    if (empty(first) || empty(second)) return empty(first) - empty(second);
    const order = typeof first === "number" && typeof second === "number"
      ? first - second : String(first).localeCompare(String(second), "en", { numeric: true });
    return down ? -order : order;
  };

  const shown = (value) => (value === null || value === undefined ? "" : value.toFixed(4));
  const title = (name) => name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

  const sortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    const value = (row, at) => {
      const text = row.cells[at].textContent.trim();
      const number = Number(text.split(" ")[0]);
      return heads[at].classList.contains("num") && text !== "" && !Number.isNaN(number) ? number : text;
    };
    heads.forEach((head, at) => {
      const button = make("button", { type: "button" }, ...head.childNodes);
      button.addEventListener("click", () => {
        const numeric = head.classList.contains("num");
        const now = head.getAttribute("aria-sort");
        const down = now === "none" ? numeric : now === "ascending";
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        body.append(...[...body.rows].sort((a, b) => compare(value(a, at), value(b, at), down)));
      });
      head.replaceChildren(button);
      head.setAttribute("aria-sort", "none");
    });
  };

  const filterable = (form) => {
    const name = form.dataset.filter;
    const rows = [...document.getElementById(name).tBodies[0].rows];
    const selects = [...form.querySelectorAll("select")];
    const apply = () => {
      for (const row of rows) row.hidden = selects.some((one) => one.value && row.dataset[one.dataset.column] !== one.value);
      const left = rows.filter((row) => !row.hidden).length;
      document.querySelector(`[data-count="${name}"]`).textContent = `${left} of ${rows.length} ${name}`;
    };
    form.addEventListener("change", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  };

  const copy = async (button) => {
    const code = document.getElementById(button.dataset.copy);
    const range = document.createRange();
    range.selectNodeContents(code);
    getSelection().removeAllRanges();
    getSelection().addRange(range); // where copying is refused, the text is selected at least
    try { await navigator.clipboard.writeText(code.textContent); } catch { document.execCommand("copy"); }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };

  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll("form[data-filter]").forEach(filterable);
  document.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", () => copy(button)));
  return { make, compare, shown, title };
})();
