"use strict";
// Passkeys (WebAuthn): the browser creates or presents one, its answer goes into the form, and the form is sent.
(() => {
  const form = document.querySelector("[data-passkey]");
  const data = document.getElementById("passkey-data");
  const json = globalThis.webauthnJSON;
  if (!form || !data || !json) return;
  const MESSAGES = {
    NotAllowedError: "Nothing was chosen, or it took too long. Please try again.",
    InvalidStateError: "This passkey is on your account already.",
    SecurityError: "Browsers allow no passkeys at this address.",
  };
  const OTHER_MESSAGE = "That didn't work. Please try again, or use another way to sign in.";
  const field = form.elements.credential;
  const errorNote = form.querySelector("[data-passkey-error]");
  const button = form.querySelector("[data-passkey-start]");
  const options = JSON.parse(data.textContent);

  function showError(text) {
    errorNote.textContent = text;
    errorNote.hidden = !text;
  }

  async function startCeremony() {
    if (!form.reportValidity()) return;
    showError("");
    button.disabled = true;
    try {
      const isNew = form.dataset.passkey === "create";
      const answer = await (isNew ? json.create(options.creation_options) : json.get(options.request_options));
      field.value = JSON.stringify(answer);
      form.submit();
    } catch (error) {
      showError(MESSAGES[error.name] || OTHER_MESSAGE);
      button.disabled = false;
    }
  }

  if (!json.supported()) {
    const message = "This browser doesn't support passkeys. Please use an app on your phone.";
    if (form.dataset.passkey === "create") showError(message);
    button.disabled = true;
    return;
  }
  form.hidden = false;
  button.addEventListener("click", startCeremony);
  form.addEventListener("submit", (event) => { if (!field.value) { event.preventDefault(); startCeremony(); } });
})();
