"use strict";
(() => {
  const { make } = window.Site;
  const filters = window.Filters;
  const board = window.BOARD;
  const plot = document.getElementById("plot");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const NAMES = { speed: "Queries per second", bytes: "Size of the index in bytes", parameters: "Parameters" };
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "pentagon", "triangle-down", "star", "hexagon", "x"];
  // Okabe and Ito's colours, which people with any kind of colour vision can tell apart, and symbols besides.
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7f6fd6", "#8c564b", "#5b6470", "#e69f00"];

  const points = () => {
    const now = filters.state();
    const line = Math.max(0, board.lines.findIndex((one) => one.name === now.line));
    const measure = Math.max(0, board.measures.indexOf(now.measure));
    const against = now.against ?? "speed";
    const made = filters.chosen().map((entry) => ({ entry, x: entry[against], y: entry.values[measure]?.[line] ?? null }));
    return { made: made.filter((one) => one.x > 0 && one.y !== null), lacking: made.filter((one) => !(one.x > 0)).length, against, label: `${board.measures[measure]}, ${board.lines[line]?.name.replaceAll("_", " ")}` };
  };

  /** Points that no other beats on both axes. */
  const frontier = (made, against) => {
    const sign = against === "speed" ? -1 : 1;
    let best = -Infinity;
    return made.filter((one) => !one.entry.bound).sort((a, b) => sign * (a.x - b.x) || b.y - a.y).filter((one) => {
      const beats = one.y > best;
      best = Math.max(best, one.y);
      return beats;
    });
  };

  const safe = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"); // the plot reads some markup

  const label = (entry) => `${safe(entry.name)}${filters.sideBySide() ? `, ${entry.instruction}` : ""}${entry.bound ? " (bound)" : ""}`;

  const traces = (made, against) => {
    const families = [...new Set(board.entries.map((one) => one.families.join(" + ")))].sort();
    const few = made.length <= 24;
    const ofFamily = families.map((family, at) => {
      const own = made.filter((one) => one.entry.families.join(" + ") === family);
      const open = own.map((one) => SYMBOLS[at % SYMBOLS.length] + (filters.sideBySide() && one.entry.instruction === "without" ? "-open" : ""));
      return {
        type: "scatter", mode: few ? "markers+text" : "markers", name: safe(family), x: own.map((one) => one.x), y: own.map((one) => one.y),
        text: own.map((one) => label(one.entry)), textposition: "top center", textfont: { size: 11 }, customdata: own.map((one) => [one.entry.page, safe(one.entry.machine)]),
        hovertemplate: "<b>%{text}</b><br>%{y:.4f}<br>%{x:,.4~g}<br>%{customdata[1]}<extra></extra>",
        marker: { size: 11, symbol: open, color: COLOURS[at % COLOURS.length], opacity: 0.9, line: { width: 1.5, color: COLOURS[at % COLOURS.length] } }, cliponaxis: false,
      };
    }).filter((trace) => trace.x.length);
    const edge = frontier(made, against);
    const line = { type: "scatter", mode: "lines", name: "best", x: edge.map((one) => one.x), y: edge.map((one) => one.y), hoverinfo: "skip", showlegend: false, line: { dash: "dot", width: 1.5, color: ink("--muted") } };
    return [line, ...ofFamily];
  };

  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const layout = (against, title) => {
    const axis = { gridcolor: ink("--line"), linecolor: ink("--strong"), zeroline: false, tickfont: { color: ink("--muted") }, automargin: true };
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink("--ink") },
      margin: { l: 60, r: 24, t: 24, b: 56 }, hovermode: "closest", legend: { orientation: "h", y: -0.18, font: { color: ink("--muted") } },
      hoverlabel: { bgcolor: ink("--surface"), bordercolor: ink("--strong"), font: { color: ink("--ink") } },
      xaxis: { ...axis, type: "log", title: { text: `${NAMES[against]} (logarithmic)`, font: { color: ink("--muted") } } },
      yaxis: { ...axis, rangemode: "tozero", title: { text: title, font: { color: ink("--muted") } } },
    };
  };

  const number = (value) => (value === null || value === undefined ? "" : value.toLocaleString("en", { maximumFractionDigits: 1 }));

  const drawTable = (made, title) => {
    const heads = ["System", "Instruction", "Type", title, ...Object.values(NAMES), "Machine"];
    const rows = made.slice(0, 200).map(({ entry, y }) => make("tr", {},
      make("th", { scope: "row", class: "stick" }, make("a", { class: "name", href: entry.page }, entry.name)),
      make("td", {}, entry.instruction), make("td", {}, entry.families.join(" + ")), make("td", { class: "num" }, y.toFixed(4)),
      ...Object.keys(NAMES).map((name) => make("td", { class: "num" }, number(entry[name]))), make("td", {}, entry.machine)));
    const caption = make("caption", {}, made.length > 200 ? `The first 200 of ${made.length} points; filter for others` : "Points of the plot");
    document.getElementById("points").replaceChildren(caption,
      make("thead", {}, make("tr", {}, ...heads.map((head, at) => make("th", { scope: "col", class: at === 0 ? "stick" : at > 2 && at < 7 ? "num" : null }, head)))),
      make("tbody", {}, ...rows));
  };

  const draw = () => {
    const { made, lacking, against, label: title } = points();
    window.Plotly.react(plot, traces(made, against), layout(against, title), { responsive: true, displaylogo: false, displayModeBar: false });
    drawTable(made, title);
    document.getElementById("count").textContent = `${made.length.toLocaleString("en")} entries${lacking ? `, ${lacking.toLocaleString("en")} without such a record` : ""}`;
  };

  filters.onChange(draw);
  plot.on("plotly_click", (event) => { const page = event.points[0]?.customdata?.[0]; if (page) location.href = page; });
  dark.addEventListener("change", draw);
})();
