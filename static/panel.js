"use strict";
// Panel: a reading, a day of readings or the text for the record opens in a dialog beside the charts. A form in it is
// posted from there, and the page updates at once. Links stay links: without scripts, or with a modifier key, the page
// of the link opens.
(() => {
  const panel = document.getElementById("panel");
  const body = document.getElementById("panel-body");
  const backButton = panel.querySelector("[data-panel-back]");
  let requests = []; // requests for what is shown and for what was shown before
  let requestCount = 0;
  let opener = null;

  function showError(pageUrl) {
    const note = document.createElement("p");
    note.className = "note note--error";
    note.id = "panel-title";
    note.textContent = "This can't be shown now: no connection, or you are signed out. ";
    if (pageUrl) {
      const link = document.createElement("a");
      link.href = pageUrl;
      link.textContent = "Open it as a page";
      note.append(link);
    }
    body.replaceChildren(note);
  }

  // What was typed stays, to be sent again.
  function showUnsent(form) {
    const note = form.querySelector("[data-unsent]") ?? document.createElement("p");
    note.className = "note note--error";
    note.dataset.unsent = "";
    note.setAttribute("role", "alert");
    note.textContent = "Nothing is saved: no connection, or you are signed out. What you typed is still here.";
    form.prepend(note);
    form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  }

  async function fetchPart({ url, data }) {
    const options = data ? { method: "POST", body: data } : {};
    const response = await fetch(url, { cache: "no-store", credentials: "same-origin", ...options });
    const html = await response.text();
    const part = new DOMParser().parseFromString(html, "text/html").querySelector("[data-panel-part]");
    if (response.ok && part) return document.importNode(part, true);
    const back = new URL(response.url);
    if (!data || !response.redirected || back.pathname !== location.pathname) return null;
    return { html, search: back.search }; // the form is saved, and has led back to the page that is open
  }

  async function show(request) {
    requestCount += 1;
    const number = requestCount;
    const part = await fetchPart(request).catch(() => null);
    if (number !== requestCount) return; // another request was made in the meantime
    if (part?.html) {
      panel.close();
      document.dispatchEvent(new CustomEvent("page:received", { detail: part }));
      return;
    }
    if (!part && request.form) {
      showUnsent(request.form);
      return;
    }
    if (part) body.replaceChildren(part);
    else showError(request.pageUrl);
    backButton.hidden = requests.length < 2;
    if (!panel.open) panel.showModal();
    if (request.forTyping) (body.querySelector("form textarea") ?? body.querySelector("form select"))?.focus();
    body.dispatchEvent(new CustomEvent("panel:shown", { bubbles: true }));
    body.scrollTop = 0;
  }

  function open(request) {
    if (!panel.open) opener = document.activeElement;
    requests.push(request);
    show(request);
  }

  // A link to a form (data-panel-link) gives the focus to what is typed first.
  function openPage(url, { forTyping = false } = {}) {
    open({ url: `${url}${url.includes("?") ? "&" : "?"}panel=1`, pageUrl: url, forTyping });
  }

  function openDay({ at, days }) {
    const form = document.getElementById("day-form");
    form.elements.at.value = at;
    form.elements.days.value = days;
    open({ url: form.action, data: new FormData(form) });
  }

  async function submitForm(form, button) {
    const data = new FormData(form, button);
    form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    await show({ url: form.action, data, form });
    document.dispatchEvent(new CustomEvent("live:now"));
  }

  document.addEventListener("panel:part", (event) => {
    if (!panel.open) opener = document.activeElement;
    requests = [event.detail];
    body.replaceChildren(event.detail.part);
    backButton.hidden = true;
    panel.showModal();
  });
  document.addEventListener("reading:open", (event) => openPage(event.detail.url));
  document.addEventListener("day:open", (event) => openDay(event.detail));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-reading], a[data-record-text], a[data-panel-link]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    openPage(link.getAttribute("href"), { forTyping: "panelLink" in link.dataset });
  });
  panel.addEventListener("click", (event) => {
    if (event.target.closest("[data-panel-close]") || event.target === panel) panel.close();
    if (event.target.closest("[data-panel-back]")) {
      requests.pop();
      show(requests.at(-1));
    }
  });
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    submitForm(event.target, event.submitter);
  });
  panel.addEventListener("close", () => {
    requests = [];
    body.replaceChildren();
    if (document.contains(opener)) opener.focus({ preventScroll: true });
    opener = null;
  });
})();
