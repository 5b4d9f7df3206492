"use strict";
// Preview of an alert rule while a person types: the form is sent to data-preview-url, and the answer replaces the
// preview. Without scripts the button does the same by loading the page.
(() => {
  const PAUSE_MS = 700;
  const form = document.querySelector("form[data-preview-url]");
  if (!form) return;

  const panel = document.querySelector("[data-preview-panel]");
  const preview = document.getElementById("preview");
  let timer = 0;
  let request = null;

  async function showPreview() {
    request?.abort();
    request = new AbortController();
    const body = new FormData(form);
    body.append("fragment", "1");
    try {
      const options = { method: "POST", body, credentials: "same-origin", redirect: "manual", signal: request.signal };
      const response = await fetch(form.dataset.previewUrl, options);
      if (!response.ok) return;
      preview.innerHTML = await response.text();
      panel.hidden = false;
    } catch (error) {
      if (error.name !== "AbortError") panel.hidden = true;
    }
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(showPreview, PAUSE_MS);
  });
  form.querySelector("[data-preview-button]")?.addEventListener("click", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    showPreview();
  });
})();
