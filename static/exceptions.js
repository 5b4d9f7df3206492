"use strict";
// Keyboard shortcuts of the list of exceptions, only while the focus is in a row: j and k move between rows, o opens the
// next step, a assigns it to oneself, e opens the exception. The page leaves this file out for people who switched them off.
(() => {
  const rowsOf = () => [...document.querySelectorAll("tbody[data-live-rows] tr")];

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const row = event.target.closest("tbody[data-live-rows] tr");
    if (!row) return;
    if (event.key === "j" || event.key === "k") {
      const rows = rowsOf();
      const next = rows[rows.indexOf(row) + (event.key === "j" ? 1 : -1)];
      next?.querySelector("a[data-exception]")?.focus();
      next?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "o") row.querySelector("a[data-next]")?.click();
    else if (event.key === "a") row.querySelector("button[data-take]")?.click();
    else if (event.key === "e") row.querySelector("a[data-exception]")?.click();
  });
})();
