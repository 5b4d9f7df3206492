"use strict";
// Address hint: place and time zone of the ZIP code, asked for while a patient's address is typed.
(() => {
  const form = document.querySelector("[data-address-hint-url]");
  const hint = form?.querySelector("[data-address-hint]");
  const names = ["zip_code", "state", "city", "time_zone", "clinic", "csrfmiddlewaretoken"];
  let requestCount = 0;
  if (!hint) return;

  form.addEventListener("change", async (event) => {
    if (!names.includes(event.target.name)) return;
    requestCount += 1;
    const number = requestCount;
    const typed = new FormData(form);
    const data = new FormData();
    names.forEach((name) => data.set(name, typed.get(name) ?? ""));
    const options = { method: "POST", body: data, cache: "no-store", credentials: "same-origin", redirect: "manual" };
    const response = await fetch(form.dataset.addressHintUrl, options).catch(() => null);
    if (!response?.ok || number !== requestCount) return; // the form is checked again when it is sent
    const part = new DOMParser().parseFromString(await response.text(), "text/html");
    hint.replaceChildren(...Array.from(part.body.children, (child) => document.importNode(child, true)));
  });
})();
