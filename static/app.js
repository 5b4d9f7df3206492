"use strict";
// Every page: menus that close, the colour theme, ages and clocks, "/" for search. Pages work without it.
(() => {
  const root = document.documentElement;
  const YEAR_SECONDS = 365 * 24 * 3600;

  function markChosenTheme() {
    const chosen = root.dataset.theme || "";
    document.querySelectorAll("[data-theme-choice]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    });
  }

  function chooseTheme(theme) {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    // A cookie rather than localStorage: the server sends the page in the right colours, without a flash.
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? YEAR_SECONDS : 0}; samesite=lax`;
    markChosenTheme();
    document.dispatchEvent(new CustomEvent("theme:changed"));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (button) chooseTheme(button.dataset.themeChoice);
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // Ages and clocks stay right while a page is open; the server renders the same texts (time_display.py).
  function ageText(seconds) {
    if (seconds < 60) return "now";
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    return seconds < 2 * 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
  }

  function updateTimes() {
    document.querySelectorAll("time[data-age]").forEach((el) => {
      const age = ageText((Date.now() - Date.parse(el.dateTime)) / 1000);
      const text = el.dataset.age && age !== "now" ? `${age} ${el.dataset.age}` : age;
      if (el.textContent !== text) el.textContent = text;
    });
    document.querySelectorAll("time[data-clock]").forEach((el) => {
      const zone = { timeZone: el.dataset.clock, hour: "numeric", minute: "2-digit" };
      el.textContent = new Date().toLocaleTimeString("en-US", zone);
    });
  }
  setInterval(updateTimes, 15000);

  // "/" focuses the search field of pages that have one.
  document.addEventListener("keydown", (event) => {
    const field = document.querySelector("[data-slash]");
    if (event.key !== "/" || !field || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    field.focus();
  });

  // A form that came back with errors gets the focus at the first one.
  document.querySelector("main [aria-invalid='true'], main .errorlist ~ .choice input")?.focus();

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new CustomEvent("theme:changed"));
  });
  markChosenTheme();
})();
