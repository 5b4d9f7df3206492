"use strict";
// Print page: its button.
document.querySelector("[data-print-now]").addEventListener("click", () => window.print());
