"use strict";
// Paper is finer than most screens: charts are drawn with at least two dots to the pixel. Loaded before the charts.
(() => {
  if (devicePixelRatio < 2) Object.defineProperty(window, "devicePixelRatio", { value: 2 });
  document.querySelector("[data-print-now]").addEventListener("click", () => window.print());
})();
