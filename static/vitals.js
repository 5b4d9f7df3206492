"use strict";
// Draws the charts of a patient page from the JSON inside its fragment, and again when live.js has changed it.
(() => {
  const plots = new Map();
  const sharedCursor = {
    // One time in all charts of the same kind; charts by time of day share the hours of the day.
    move(source, at) {
      plots.forEach((plot) => { if (plot !== source && plot.clock === source.clock) plot.follow(at); });
    },
    hide() {
      plots.forEach((plot) => plot.hideCursor());
    },
  };

  function readChartData() {
    const data = document.getElementById("vitals-data");
    return data ? JSON.parse(data.textContent) : { panels: [] };
  }

  function drawDayStrip(data) {
    const canvas = document.getElementById("strip");
    const first = data.panels.map((panel) => plots.get(panel.code)).find(Boolean);
    plots.forEach((plot) => { plot.afterDraw = null; });
    if (!canvas) return;
    canvas.hidden = !first || first.clock; // its boxes are days; a chart by time of day has hours
    if (canvas.hidden) return;
    first.afterDraw = (u) => window.ChartPaint.strip(canvas, u, data, first.colours);
    first.afterDraw(first.plot);
  }

  function drawCharts() {
    const data = readChartData();
    const codes = new Set();
    data.panels.forEach((panel) => {
      const place = document.querySelector(`[data-plot="${CSS.escape(panel.code)}"]`);
      if (!place) return;
      codes.add(panel.code);
      const plot = plots.get(panel.code);
      if (plot?.place === place && plot.update(panel, data)) return;
      plot?.destroy();
      plots.set(panel.code, new window.ChartPlot(place, panel, data, sharedCursor));
    });
    [...plots.keys()].filter((code) => !codes.has(code)).forEach((code) => {
      plots.get(code).destroy();
      plots.delete(code);
    });
    drawDayStrip(data);
  }

  function openTable({ toggle }) {
    const table = document.getElementById("readings");
    if (!table) return;
    table.open = toggle ? !table.open : true;
    if (table.open) table.querySelector("summary").focus();
  }

  document.addEventListener("live:changed", (event) => { if (event.detail.includes("vitals")) drawCharts(); });
  document.addEventListener("theme:changed", () => plots.forEach((plot) => plot.repaint()));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-opens='readings']")) openTable({ toggle: false });
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "t" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) openTable({ toggle: true });
  });
  // Printing this page is audited; the page made for printing, which has no scripts but its button, reports it itself.
  addEventListener("beforeprint", () => {
    const form = document.getElementById("printed-form");
    if (form) navigator.sendBeacon(form.action, new FormData(form));
  });
  drawCharts();
})();
