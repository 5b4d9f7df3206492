"use strict";
// Text for the record: copied by its button and by "c", which opens it first on a patient's page. The text stays
// visible; where the browser refuses to copy, it is selected, for the browser's own keys.
(() => {
  const findText = () => document.getElementById("record-text");

  function report(words) {
    const result = document.querySelector("[data-copy-result]");
    if (result) result.textContent = words;
  }

  function selectText() {
    const text = findText();
    if (!text) return;
    getSelection().selectAllChildren(text);
    text.focus();
    report("Not copied by the browser: the text is selected, press Ctrl+C or Cmd+C.");
  }

  // A promise, because a browser lets a page copy only while a key or click is being handled, and the text of the
  // panel comes after that.
  function textWhenShown() {
    if (findText()) return Promise.resolve(findText().textContent);
    const link = document.querySelector("a[data-record-text]");
    if (!link) return null;
    const shown = new Promise((resolve, reject) => {
      const wait = (event) => {
        const text = event.target.querySelector("#record-text");
        if (text) resolve(text.textContent);
        else reject(new Error("another part is shown"));
      };
      document.addEventListener("panel:shown", wait, { once: true });
    });
    link.click();
    return shown;
  }

  async function copyText() {
    const text = textWhenShown();
    if (!text) return;
    try {
      const blob = text.then((words) => new Blob([words], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
      report("Copied.");
    } catch {
      await text.then(selectText, () => {});
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-copy-record]")) copyText();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "c" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) copyText();
  });
})();
