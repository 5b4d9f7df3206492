"use strict";
// Triage list: its buttons act without leaving the page, and keys act on the row with the focus: a acknowledges, r marks
// reviewed, u takes a review back, s snoozes, n writes a note, ? shows all keys. j, k and p are in list.js. Without
// scripts each button posts its form and comes back to the list.
(() => {
  const acts = document.getElementById("acts");
  const notice = document.getElementById("act-notice");
  const keys = document.getElementById("keys");
  const ACT_KEYS = "arusn";
  let sending = false;
  let countBefore = criticalCount();

  function criticalCount() {
    return Number(document.querySelector("[data-critical-count]").dataset.criticalCount);
  }

  function showNotice(text, level) {
    notice.className = `note note--${level}`;
    notice.textContent = text;
    notice.hidden = !text;
  }

  // The messages of the page that the form has led back to.
  function showMessages(page) {
    const found = [...page.querySelectorAll("main > .note[role=status]:not([id])")];
    const level = found[0]?.className.match(/note--(\w+)/)?.[1] ?? "info";
    showNotice(found.map((each) => each.textContent.trim()).join(" "), level);
  }

  function receive(response, html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const back = new URL(response.url);
    const part = page.querySelector("[data-panel-part]");
    if (response.ok && back.pathname === location.pathname) {
      document.dispatchEvent(new CustomEvent("page:received", { detail: { html, search: back.search } }));
    } else if (response.ok && part) {
      document.dispatchEvent(new CustomEvent("panel:part", { detail: { part: document.importNode(part, true) } }));
    } else if (response.status === 403) showNotice("You may not do this. Nothing was done.", "error");
    else showNotice("Nothing was done: you are signed out, or something went wrong. Load the page again.", "error");
  }

  async function send(button) {
    const row = button.closest("tr");
    const data = new FormData(acts, button);
    sending = true;
    // The button may be gone after this; its row keeps the focus.
    if (row?.contains(document.activeElement)) row.querySelector("a[data-preview]").focus({ preventScroll: true });
    try {
      const response = await fetch(button.formAction, { method: "POST", body: data, credentials: "same-origin" });
      receive(response, await response.text());
    } catch {
      showNotice("Nothing was done: no connection. Please try again.", "error");
    } finally {
      sending = false;
    }
  }

  acts.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!sending && event.submitter) send(event.submitter);
  });

  document.addEventListener("page:received", ({ detail: { html } }) => {
    showMessages(new DOMParser().parseFromString(html, "text/html"));
  });

  // The count in the navigation follows the list; sound.js, where it is loaded, plays when it grows.
  document.addEventListener("live:changed", () => {
    const shown = document.getElementById("critical-count");
    const count = criticalCount();
    shown.textContent = count;
    shown.hidden = count === 0;
    if (count > countBefore) document.dispatchEvent(new CustomEvent("sound:play"));
    countBefore = count;
  });

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("[data-no-shortcuts]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "?") {
      keys.open = !keys.open;
      if (keys.open) keys.querySelector("summary").focus();
      return;
    }
    if (!ACT_KEYS.includes(event.key)) return;
    const row = event.target.closest("tbody[data-live-rows] tr");
    const control = row?.querySelector(`[data-act="${event.key}"]`);
    if (!control) return;
    event.preventDefault(); // the key is not typed into the panel that it opens
    control.click();
  });
})();
