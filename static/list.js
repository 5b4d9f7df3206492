"use strict";
// The list by keyboard: j and k walk, Enter opens (they are links), p looks at one patient beside the list, Escape
// closes the look. A select narrows the list at once; without JavaScript a button does.
(() => {
  const panel = document.getElementById("peek");
  const names = () => [...document.querySelectorAll("a[data-peek]")];
  let shown = "";
  let asked = 0;

  function typing(event) {
    return event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select");
  }

  function current() {
    return document.activeElement?.closest("tr")?.querySelector("a[data-peek]");
  }

  function walk(step) {
    const all = names();
    const at = all.indexOf(current());
    const next = at < 0 ? all[step > 0 ? 0 : all.length - 1] : all[at + step];
    if (!next) return;
    next.focus();
    next.closest("tr").scrollIntoView({ block: "nearest" });
    if (!panel.hidden) peek(next);
  }

  function close() {
    asked += 1;
    const href = shown;
    panel.hidden = true;
    shown = "";
    panel.replaceChildren();
    names().find((name) => name.dataset.peek === href)?.focus({ preventScroll: true });
  }

  async function look(href) {
    try {
      return await fetch(href, { redirect: "manual", cache: "no-store", credentials: "same-origin" });
    } catch {
      return null;
    }
  }

  function put(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    if (fresh.innerHTML === panel.innerHTML) return;
    const inside = panel.contains(document.activeElement);
    panel.replaceChildren(...fresh.childNodes);
    if (inside) panel.querySelector("[data-peek-close]")?.focus({ preventScroll: true });
  }

  async function peek(name) {
    asked += 1;
    const mine = asked;
    const answer = await look(name.dataset.peek);
    const html = answer?.ok ? await answer.text() : "";
    if (mine !== asked) return;
    shown = name.dataset.peek;
    if (html) put(html);
    else panel.textContent = "This patient can't be shown now. Press p to try again, Escape to close.";
    panel.hidden = false;
  }

  // What is new in the list is new in the look at one of it; whoever may not see the patient any more sees it closed.
  async function renew() {
    if (panel.hidden) return;
    const mine = asked;
    const answer = await look(shown);
    const html = answer?.ok ? await answer.text() : "";
    if (mine !== asked || panel.hidden || !answer) return;
    if (html) put(html);
    else if (answer.status === 403 || answer.status === 404) close();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) close();
    if (typing(event)) return;
    if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else if (event.key === "p" && current()) {
      if (shown === current().dataset.peek) close();
      else peek(current());
    }
  });

  document.addEventListener("live:changed", renew);
  panel.addEventListener("click", (event) => {
    if (event.target.closest("[data-peek-close]")) close();
  });

  document.getElementById("arrange")?.addEventListener("change", (event) => event.currentTarget.requestSubmit());
})();
