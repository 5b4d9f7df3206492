"use strict";
// Readings beside the charts: a reading or a day opens in a dialog; a judgement made there is sent from there, and the
// page follows at once. Links stay links: without scripts, or with a key held down, the reading's own page opens.
(() => {
  const panel = document.getElementById("panel");
  const body = document.getElementById("panel-body");
  const back = panel.querySelector("[data-panel-back]");
  let shown = []; // how to ask again for what is shown, and for what was shown before it
  let asked = 0;
  let opener = null;

  function say(text, href) {
    const line = document.createElement("p");
    line.className = "note note--error";
    line.id = "panel-title";
    line.textContent = `${text} `;
    if (href) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = "Open it as a page";
      line.append(link);
    }
    body.replaceChildren(line);
  }

  // What was typed stays, to be sent again.
  function keep(form) {
    const line = form.querySelector("[data-unsent]") ?? document.createElement("p");
    line.className = "note note--error";
    line.dataset.unsent = "";
    line.setAttribute("role", "alert");
    line.textContent = "Nothing is saved: no connection, or you are signed out. What you typed is still here.";
    form.prepend(line);
    form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  }

  async function part(request) {
    const answer = await fetch(request.url, { cache: "no-store", credentials: "same-origin", ...request.options?.() });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-panel-part]");
    if (!answer.ok || !found) throw new Error(`answer ${answer.status}`);
    return document.importNode(found, true);
  }

  async function show(request) {
    asked += 1;
    const mine = asked;
    let found = null;
    try {
      found = await part(request);
    } catch {
      found = null;
    }
    if (mine !== asked) return;
    if (!found && request.form) {
      keep(request.form);
      return;
    }
    if (found) body.replaceChildren(found);
    else say("This can't be shown now: no connection, or you are signed out.", request.page);
    back.hidden = shown.length < 2;
    if (!panel.open) panel.showModal();
    body.scrollTop = 0;
  }

  function open(request) {
    if (!panel.open) opener = document.activeElement;
    shown.push(request);
    show(request);
  }

  function reading(url) {
    open({ url: `${url}?panel=1`, page: url });
  }

  function day({ at, days }) {
    const form = document.getElementById("day-form");
    form.elements.at.value = at;
    form.elements.days.value = days;
    const body = new FormData(form);
    open({ url: form.action, options: () => ({ method: "POST", body }) });
  }

  function home() {
    shown = [];
    body.replaceChildren();
    if (document.contains(opener)) opener.focus({ preventScroll: true });
    opener = null;
  }

  async function send(form) {
    const options = () => ({ method: "POST", body: new FormData(form) });
    form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    const before = shown[shown.length - 1];
    await show({ url: form.action, page: before?.page, options, form });
    document.dispatchEvent(new CustomEvent("live:now"));
  }

  document.addEventListener("reading:open", (event) => reading(event.detail.url));
  document.addEventListener("day:open", (event) => day(event.detail));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-reading]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    reading(link.getAttribute("href"));
  });
  panel.addEventListener("click", (event) => {
    if (event.target.closest("[data-panel-close]") || event.target === panel) panel.close();
    if (event.target.closest("[data-panel-back]")) {
      shown.pop();
      show(shown[shown.length - 1]);
    }
  });
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target);
  });
  panel.addEventListener("close", home);
})();
