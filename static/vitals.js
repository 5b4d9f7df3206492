"use strict";
// Draws the charts of a patient's page from the JSON inside its fragment, and again when live.js has changed it.
(() => {
  const plots = new Map();
  const board = {
    // One moment in all charts of the same kind; charts by the clock share the hours of the day.
    share(source, at) {
      plots.forEach((plot) => { if (plot !== source && plot.clock === source.clock) plot.follow(at); });
    },
    leave() {
      plots.forEach((plot) => plot.leave());
    },
  };

  function read() {
    const data = document.getElementById("vitals-data");
    return data ? JSON.parse(data.textContent) : { panels: [] };
  }

  function drawStrip(data) {
    const canvas = document.getElementById("strip");
    const first = data.panels.map((panel) => plots.get(panel.code)).find(Boolean);
    plots.forEach((plot) => { plot.drawn = null; });
    if (!canvas) return;
    canvas.hidden = !first || first.clock; // its boxes are days, and that chart has hours
    if (canvas.hidden) return;
    first.drawn = (u) => window.ChartPaint.strip(canvas, u, data, first.colours);
    first.drawn(first.plot);
  }

  function draw() {
    const data = read();
    const wanted = new Set();
    data.panels.forEach((panel) => {
      const place = document.querySelector(`[data-plot="${CSS.escape(panel.code)}"]`);
      if (!place) return;
      wanted.add(panel.code);
      const plot = plots.get(panel.code);
      if (plot?.place === place && plot.update(panel, data)) return;
      plot?.destroy();
      plots.set(panel.code, new window.ChartPlot(place, panel, data, board));
    });
    [...plots.keys()].filter((code) => !wanted.has(code)).forEach((code) => {
      plots.get(code).destroy();
      plots.delete(code);
    });
    drawStrip(data);
  }

  function openTable(toggle) {
    const table = document.getElementById("readings");
    if (!table) return;
    table.open = toggle ? !table.open : true;
    if (table.open) table.querySelector("summary").focus();
  }

  document.addEventListener("live:changed", (event) => { if (event.detail.includes("vitals")) draw(); });
  document.addEventListener("theme:changed", () => plots.forEach((plot) => plot.repaint()));
  document.addEventListener("click", (event) => { if (event.target.closest("[data-opens='readings']")) openTable(false); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "t" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) openTable(true);
  });
  // A print of the page as it stands is written down; the page made for paper has said so itself.
  addEventListener("beforeprint", () => {
    const form = document.getElementById("printed-form");
    if (form) navigator.sendBeacon(form.action, new FormData(form));
  });
  draw();
})();
