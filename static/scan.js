"use strict";
// Scanning of barcodes into fields with `data-scan`: by a hand scanner, which types and ends with Enter, or by the
// camera where the browser has a BarcodeDetector. Pictures never leave the page.
(() => {
  const inputs = Array.from(document.querySelectorAll("input[data-scan]"));
  const canScan = "BarcodeDetector" in window && navigator.mediaDevices?.getUserMedia;

  const nextField = (input) => {
    const fields = Array.from(input.form.elements).filter((field) => field.matches("input:not([type=hidden]), select, button"));
    return fields[fields.indexOf(input) + 1];
  };

  const fill = (input, text) => {
    input.value = text.trim();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    nextField(input)?.focus();
  };

  const openCamera = async (input) => {
    const dialog = document.createElement("dialog");
    dialog.className = "scanner";
    dialog.setAttribute("aria-label", "Camera");
    const video = document.createElement("video");
    Object.assign(video, { muted: true, playsInline: true });
    const hint = document.createElement("p");
    hint.setAttribute("role", "status");
    hint.textContent = "Hold the label's barcode in front of the camera.";
    const stop = document.createElement("button");
    Object.assign(stop, { type: "button", className: "btn btn-quiet", textContent: "Close" });
    stop.addEventListener("click", () => dialog.close());
    dialog.append(video, hint, stop);
    document.body.append(dialog);
    let stream = null;
    dialog.addEventListener("close", () => {
      stream?.getTracks().forEach((track) => track.stop());
      dialog.remove();
      if (!input.value) input.focus();
    });
    dialog.showModal();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (!dialog.open) return stream.getTracks().forEach((track) => track.stop());
      video.srcObject = stream;
      await video.play();
      const detector = new BarcodeDetector();
      while (dialog.open) {
        const [found] = await detector.detect(video).catch(() => []);
        if (found?.rawValue && dialog.open) {
          dialog.close();
          fill(input, found.rawValue);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    } catch {
      hint.textContent = "The camera can't be used. Please type the number, or allow the camera in the browser.";
    }
  };

  inputs.forEach((input) => {
    input.addEventListener("focus", () => input.select()); // what is scanned replaces what is there
    if (document.activeElement === input) input.select();
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // a scanner's Enter is no wish to send the form
      input.value = input.value.trim();
      nextField(input)?.focus();
    });
    if (!canScan) return;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "btn btn-quiet", textContent: "Scan with the camera" });
    button.addEventListener("click", () => openCamera(input));
    input.after(button);
  });
})();
