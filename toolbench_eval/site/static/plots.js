"use strict";
(() => {
  const { make, shown, title } = window.Site;
  const filters = window.Filters;
  const board = window.BOARD;
  const plot = document.getElementById("plot");
  const MOST = 200; // rows of the table
  const ALL = {
    tokens: "Tokens of a sample", calls: "Calls of language models of a sample",
    speed: "Queries per second", bytes: "Size of the index in bytes", parameters: "Parameters",
  };
  const known = (name) => name in { speed: 1, bytes: 1, parameters: 1 } || board.entries.some((one) => one[name]);
  const NAMES = Object.fromEntries(Object.entries(ALL).filter(([name]) => known(name)));
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "pentagon", "triangle-down", "star", "hexagon", "x"];
  // Mostly those of Okabe and Ito, which people with any kind of colour vision can tell apart; symbols differ besides.
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7f6fd6", "#8c564b", "#5b6470", "#e69f00"];

  const typeOf = (entry) => entry.families.join(" + ");
  const types = [...new Set(board.entries.filter((one) => !one.bound).map(typeOf))].sort();
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const safe = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"); // the plot reads markup
  const label = (entry) => safe(filters.sideBySide() ? `${entry.name}, ${entry.instruction}` : entry.name);

  /** Points that no other beats on both axes. */
  const frontier = (points, against) => {
    const sign = against === "speed" ? -1 : 1;
    let best = -Infinity;
    return [...points].sort((a, b) => sign * (a.x - b.x) || b.y - a.y).filter((one) => {
      const beats = one.y > best;
      best = Math.max(best, one.y);
      return beats;
    });
  };

  const ofType = (type, at, points) => {
    const colour = COLOURS[at % COLOURS.length];
    const open = (one) => filters.sideBySide() && one.entry.instruction === "without";
    const symbol = (one) => SYMBOLS[at % SYMBOLS.length] + (open(one) ? "-open" : "");
    const own = points.filter((one) => typeOf(one.entry) === type);
    return {
      type: "scatter", mode: points.length <= 24 ? "markers+text" : "markers", name: safe(type), cliponaxis: false,
      x: own.map((one) => one.x), y: own.map((one) => one.y), text: own.map((one) => label(one.entry)),
      textposition: "top center", textfont: { size: 11, color: ink("--muted") },
      customdata: own.map((one) => [one.entry.page, safe(one.entry.machine)]),
      hovertemplate: "<b>%{text}</b><br>%{y:.4f}<br>%{x:,.4~g}<br>%{customdata[1]}<extra></extra>",
      marker: { size: 11, symbol: own.map(symbol), color: colour, opacity: 0.9, line: { width: 1.5, color: colour } },
    };
  };

  const traces = (points, against) => {
    const best = frontier(points, against);
    const edge = {
      type: "scatter", mode: "lines", x: best.map((one) => one.x), y: best.map((one) => one.y),
      hoverinfo: "skip", showlegend: false, line: { dash: "dot", width: 1.5, color: ink("--muted") },
    };
    return [edge, ...types.map((type, at) => ofType(type, at, points)).filter((trace) => trace.x.length)];
  };

  const layout = (against, heading) => {
    const axis = (text) => ({
      gridcolor: ink("--line"), linecolor: ink("--strong"), zeroline: false, automargin: true,
      tickfont: { color: ink("--muted"), size: 12 }, title: { text, font: { color: ink("--muted"), size: 13 } },
    });
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink("--ink") },
      margin: { l: 56, r: 24, t: 24, b: 48 }, legend: { orientation: "h", y: -0.2, font: { color: ink("--muted") } },
      hoverlabel: { bgcolor: ink("--surface"), bordercolor: ink("--strong"), font: { color: ink("--ink") } },
      xaxis: { ...axis(`${NAMES[against]} (logarithmic)`), type: "log", dtick: "D2" }, yaxis: axis(heading),
    };
  };

  const drawTable = (points, heading) => {
    const heads = ["System", "Instruction", "Type", heading, ...Object.values(NAMES), "Machine"];
    const number = (value) => (value ?? "").toLocaleString("en", { maximumFractionDigits: 1 });
    const row = ({ entry, y }) => make("tr", {},
      make("th", { scope: "row", class: "stick" }, make("a", { class: "name", href: entry.page }, entry.name)),
      make("td", {}, entry.instruction), make("td", { class: "quiet" }, typeOf(entry)), make("td", { class: "num" }, shown(y)),
      ...Object.keys(NAMES).map((name) => make("td", { class: "num" }, number(entry[name]))), make("td", {}, entry.machine));
    const kind = (at) => (at === 0 ? "stick" : at > 2 && at < heads.length - 1 ? "num" : null);
    const caption = points.length > MOST ? `The first ${MOST} of ${points.length} points; filter for others` : "Points of the plot";
    document.getElementById("points").replaceChildren(make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...heads.map((text, at) => make("th", { scope: "col", class: kind(at) }, text)))),
      make("tbody", {}, ...points.slice(0, MOST).map(row)));
  };

  const draw = () => {
    const against = filters.state().against ?? "speed";
    const score = filters.scoring();
    const all = filters.chosen().filter((one) => !one.bound && score.of(one) !== null)
      .map((entry) => ({ entry, x: entry[against], y: score.of(entry) }));
    const points = all.filter((one) => one.x > 0);
    const heading = `${score.measure}, ${title(score.line).toLowerCase()}`;
    drawTable(all, heading);
    const lacking = all.length - points.length;
    const words = lacking ? `, ${lacking.toLocaleString("en")} more without such a record` : "";
    document.getElementById("count").textContent = `${points.length.toLocaleString("en")} entries${words}`;
    const options = { responsive: true, displayModeBar: false };
    window.Plotly?.react(plot, traces(points, against), layout(against, heading), options);
  };

  const start = () => {
    plot.replaceChildren();
    draw();
    plot.on("plotly_click", (event) => { const page = event.points[0]?.customdata?.[0]; if (page) location.href = page; });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  };

  // The script of the plot is large: the page is drawn and can be used before it is read.
  const load = () => document.head.append(make("script", { src: plot.dataset.script, onload: start }));
  filters.onChange(draw);
  requestAnimationFrame(() => setTimeout(load));
})();
