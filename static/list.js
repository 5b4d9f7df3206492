"use strict";
// Keyboard shortcuts of the patient list: j and k move, Enter opens (they are links), p opens a preview of one patient
// beside the list, Escape closes it. A select filters the list at once; without JavaScript a button does.
(() => {
  const preview = document.getElementById("preview");
  let previewUrl = "";
  let requestCount = 0;

  function patientLinks() {
    return [...document.querySelectorAll("a[data-preview]")];
  }

  function focusedLink() {
    return document.activeElement?.closest("tr")?.querySelector("a[data-preview]");
  }

  function moveFocus(step) {
    const links = patientLinks();
    const index = links.indexOf(focusedLink());
    const next = index < 0 ? links.at(step > 0 ? 0 : -1) : links[index + step];
    if (!next) return;
    next.focus();
    next.closest("tr").scrollIntoView({ block: "nearest" });
    if (!preview.hidden) openPreview(next.dataset.preview);
  }

  async function fetchPreview(url) {
    const options = { redirect: "manual", cache: "no-store", credentials: "same-origin" };
    const response = await fetch(url, options).catch(() => null);
    return { status: response?.status, html: response?.ok ? await response.text() : "" };
  }

  function showPreview(html) {
    const incoming = new DOMParser().parseFromString(html, "text/html").body;
    if (incoming.innerHTML === preview.innerHTML) return;
    const hadFocus = preview.contains(document.activeElement);
    preview.replaceChildren(...incoming.childNodes);
    if (hadFocus) preview.querySelector("[data-preview-close]")?.focus({ preventScroll: true });
  }

  async function openPreview(url) {
    requestCount += 1;
    const number = requestCount;
    const { html } = await fetchPreview(url);
    if (number !== requestCount) return; // another patient was chosen in the meantime
    previewUrl = url;
    if (html) showPreview(html);
    else preview.textContent = "This patient can't be shown now. Press p to try again, Escape to close.";
    preview.hidden = false;
  }

  function closePreview() {
    requestCount += 1;
    const url = previewUrl;
    preview.hidden = true;
    previewUrl = "";
    preview.replaceChildren();
    patientLinks().find((link) => link.dataset.preview === url)?.focus({ preventScroll: true });
  }

  // The preview follows the list. It closes when the person may not see the patient any more.
  async function refreshPreview() {
    if (preview.hidden) return;
    const number = requestCount;
    const { status, html } = await fetchPreview(previewUrl);
    if (number !== requestCount || preview.hidden) return;
    if (html) showPreview(html);
    else if (status === 403 || status === 404) closePreview();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !preview.hidden) closePreview();
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (document.querySelector("[data-no-shortcuts]")) return;
    if (event.key === "j") moveFocus(1);
    else if (event.key === "k") moveFocus(-1);
    else if (event.key === "p" && focusedLink()) {
      const url = focusedLink().dataset.preview;
      if (previewUrl === url) closePreview();
      else openPreview(url);
    }
  });

  // Back from a patient, j and k go on from the row that was opened. The state of the history entry holds its address.
  document.addEventListener("click", (event) => {
    const opened = event.target.closest("a[href]")?.closest("tr")?.querySelector("a[data-preview]");
    if (opened) history.replaceState({ ...history.state, row: opened.dataset.preview }, "");
  });
  const openedLink = patientLinks().find((link) => link.dataset.preview === history.state?.row);
  openedLink?.focus({ preventScroll: true });

  // A link to the patient's page that opens the preview instead, for the pointer.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-preview-link]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    openPreview(link.closest("tr").querySelector("a[data-preview]").dataset.preview);
  });

  document.addEventListener("live:changed", refreshPreview);
  preview.addEventListener("click", (event) => {
    if (event.target.closest("[data-preview-close]")) closePreview();
  });

  document.getElementById("arrange")?.addEventListener("change", (event) => event.currentTarget.requestSubmit());
})();
