"use strict";
// Lets the browser make or show a passkey, puts what it says into the form and sends it.
(() => {
  const form = document.querySelector("[data-passkey]");
  const data = document.getElementById("passkey-data");
  const json = globalThis.webauthnJSON;
  if (!form || !data || !json) return;
  const WORDS = {
    NotAllowedError: "Nothing was chosen, or it took too long. Please try again.",
    InvalidStateError: "This passkey is on your account already.",
    SecurityError: "Browsers allow no passkeys at this address.",
  };
  const OTHERWISE = "That didn't work. Please try again, or take another way.";
  const field = form.elements.credential;
  const trouble = form.querySelector("[data-passkey-trouble]");
  const button = form.querySelector("[data-passkey-go]");
  const options = JSON.parse(data.textContent);

  function say(text) {
    trouble.textContent = text;
    trouble.hidden = !text;
  }

  async function go() {
    if (!form.reportValidity()) return;
    say("");
    button.disabled = true;
    try {
      const made = form.dataset.passkey === "create" ? json.create(options.creation_options) : json.get(options.request_options);
      field.value = JSON.stringify(await made);
      form.submit();
    } catch (error) {
      say(WORDS[error.name] || OTHERWISE);
      button.disabled = false;
    }
  }

  if (!json.supported()) {
    if (form.dataset.passkey === "create") say("This browser knows no passkeys. Please take an app on your phone.");
    button.disabled = true;
    return;
  }
  form.hidden = false;
  button.addEventListener("click", go);
  form.addEventListener("submit", (event) => { if (!field.value) { event.preventDefault(); go(); } });
})();
