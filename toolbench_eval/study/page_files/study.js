"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const safe = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"); // plots read markup
  const narrow = () => window.innerWidth < 640;
  const short = (text) => {
    const most = narrow() ? 16 : 28;
    return safe(text.length > most ? `${text.slice(0, most - 1)}…` : text);
  };

  const axis = (extra) => ({
    gridcolor: ink("--line"), linecolor: ink("--strong"), zeroline: false, automargin: true,
    tickfont: { color: ink("--muted"), size: 12 }, ...extra,
  });

  const layout = (rows, extra) => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest", showlegend: false, dragmode: false,
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink("--ink") },
    margin: { l: 8, r: 16, t: 12, b: 32 }, height: Math.max(150, 60 + 30 * rows),
    hoverlabel: { bgcolor: ink("--surface"), bordercolor: ink("--strong"), font: { color: ink("--ink") } },
    ...extra,
  });

  const levelsAxis = (names) => axis({
    tickmode: "array", tickvals: names.map((_, at) => at), ticktext: names.map(short), autorange: "reversed", fixedrange: true,
  });

  const draw = (id, traces, shape) => {
    const place = document.getElementById(id);
    if (place) window.Plotly.react(place, traces, shape, { responsive: true, displayModeBar: false });
  };

  const dots = (estimates, names, colours) => ({
    type: "scatter", mode: "markers", x: estimates.map((one) => one.value), y: estimates.map((_, at) => at),
    error_x: {
      type: "data", symmetric: false, array: estimates.map((one) => one.high - one.value),
      arrayminus: estimates.map((one) => one.value - one.low), color: ink("--muted"), thickness: 1.5, width: 4,
    },
    marker: { size: 10, color: colours }, text: names.map(safe), hovertemplate: "%{text}<br>%{x:.4f}<extra></extra>",
  });

  const overview = () => {
    const names = data.factors.map((one) => one.name);
    const known = data.factors.map((one, at) => ({ ...one, at })).filter((one) => one.spread !== null);
    const marks = {
      type: "scatter", mode: "markers", x: known.map((one) => 2 * one.spread), y: known.map((one) => one.at),
      marker: { symbol: "line-ns", size: 18, line: { width: 2, color: ink("--warn") } },
      hovertemplate: "twice the run spread: %{x:.4f}<extra></extra>",
    };
    const colours = data.factors.map((one) => (one.evidence ? ink("--accent") : ink("--muted")));
    draw("overview", [dots(data.factors.map((one) => one.range), names, colours), marks],
      layout(names.length, { xaxis: axis({ rangemode: "tozero", fixedrange: true }), yaxis: levelsAxis(names) }));
  };

  const levels = (factor, number) => {
    const names = factor.levels.map((one) => one.name);
    const base = factor.levels[0].success.value;
    const band = factor.spread === null ? [] : [{
      type: "rect", xref: "x", yref: "paper", x0: base - 2 * factor.spread, x1: base + 2 * factor.spread, y0: 0, y1: 1,
      fillcolor: ink("--soft"), line: { width: 0 }, layer: "below",
    }];
    const line = {
      type: "line", xref: "x", yref: "paper", x0: base, x1: base, y0: 0, y1: 1, layer: "below",
      line: { dash: "dot", width: 1.5, color: ink("--muted") },
    };
    const colours = names.map((_, at) => (at ? ink("--accent") : ink("--ink")));
    draw(`levels-${number}`, [dots(factor.levels.map((one) => one.success), names, colours)],
      layout(names.length, { shapes: [...band, line], xaxis: axis({ fixedrange: true }), yaxis: levelsAxis(names) }));
  };

  const flips = (factor, number) => {
    const names = factor.levels.map((one) => one.name);
    const bar = (key, sign, colour, words) => ({
      type: "bar", orientation: "h", y: names.map((_, at) => at), x: factor.levels.map((one) => sign * (one[key] ?? 0)),
      customdata: factor.levels.map((one) => one[key] ?? 0), marker: { color: colour, opacity: 0.8 },
      hovertemplate: `%{customdata:.1%} ${words}<extra></extra>`,
    });
    const most = Math.max(0.05, ...factor.levels.flatMap((one) => [one.up ?? 0, one.down ?? 0])) * 1.1;
    draw(`flips-${number}`, [bar("down", -1, ink("--warn"), "fell"), bar("up", 1, ink("--accent"), "rose")],
      layout(names.length, {
        barmode: "overlay", bargap: 0.45, yaxis: levelsAxis(names),
        xaxis: axis({ range: [-most, most], tickformat: ".0%", zeroline: true, zerolinecolor: ink("--strong"), fixedrange: true }),
      }));
  };

  const heat = () => {
    const { samples, conditions, values } = data.heat;
    const many = samples.length > 60;
    draw("heat", [{
      type: "heatmap", z: values, x: conditions.map((_, at) => at), y: samples.map((_, at) => at), zmin: 0, zmax: 1,
      xgap: 1, ygap: many ? 0 : 1, colorscale: [[0, ink("--warn-soft")], [1, ink("--heat")]], showscale: false,
      text: samples.map((sample) => conditions.map((condition) => `${safe(sample)}<br>${safe(condition)}`)),
      hovertemplate: "%{text}<br>%{z:.2f}<extra></extra>",
    }], layout(0, {
      height: Math.min(1400, 200 + samples.length * (many ? 6 : 18)),
      xaxis: axis({
        tickmode: "array", tickvals: conditions.map((_, at) => at), ticktext: conditions.map(short), tickangle: -60, side: "top",
        fixedrange: true, showgrid: false,
      }),
      yaxis: axis({
        tickmode: "array", tickvals: many || narrow() ? [] : samples.map((_, at) => at), ticktext: samples.map(short),
        autorange: "reversed", fixedrange: true, showgrid: false,
      }),
    }));
  };

  const all = () => {
    overview();
    data.factors.forEach((factor, at) => { levels(factor, at + 1); flips(factor, at + 1); });
    heat();
  };
  all();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
