"use strict";
// Print page: charts are drawn with at least two dots per pixel, because paper is finer than most screens. Loaded
// before the charts.
(() => {
  if (devicePixelRatio < 2) Object.defineProperty(window, "devicePixelRatio", { value: 2 });
  document.querySelector("[data-print-now]").addEventListener("click", () => window.print());
})();
