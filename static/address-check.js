"use strict";
// Address check: an order's page has the vendor asked about an address that it was never asked about. The answer comes
// as a live update. Without scripts there is the button.
(() => {
  const form = document.querySelector("[data-check-address] form");
  if (!form) return;
  const options = { method: "POST", body: new FormData(form), credentials: "same-origin", redirect: "manual" };
  fetch(form.action, options).catch(() => null); // the button is still there
})();
