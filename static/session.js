"use strict";
// Leaves the page when the server ends the session, and asks before. The server decides: keys, pointer and scrolling
// are told to it at most once a minute, and what other tabs told it is asked for before anything is said here.
(() => {
  const dialog = document.getElementById("session-over");
  if (!dialog) return;
  const { ask, tell, say, alive, signIn } = dialog.dataset;
  const ASK_MS = ask * 1000;
  const TELL_MS = tell * 1000;
  const SAY_MS = say * 1000;
  const HANGS_MS = 5000;
  const SAME_MS = 10 * 60 * 1000;
  const TOLD = "session-end-told";
  const token = dialog.querySelector("[name=csrfmiddlewaretoken]").value;
  const stay = dialog.querySelector("[data-stay]");
  const clock = dialog.querySelector("[data-clock-left]");
  let idleEnds = 0;
  let ends = 0;
  let said = Date.now();
  let waiting = 0;
  let busy = false;
  let shown = "";
  let gone = false;
  let pointer = "";

  function learn(idleLeft, left) {
    idleEnds = Date.now() + idleLeft * 1000;
    ends = Date.now() + left * 1000;
  }

  function leave() {
    gone = true;
    document.body.hidden = true; // nothing of a patient stays on the screen while the next page loads
    const next = encodeURIComponent(location.pathname);
    location.replace(`${signIn}?next=${next}`);
  }

  // True if the server has answered that somebody is still signed in.
  async function speak(method) {
    const headers = method === "POST" ? { "X-CSRFToken": token } : {};
    const signal = AbortSignal.timeout(HANGS_MS);
    const options = { method, headers, signal, redirect: "manual", cache: "no-store", credentials: "same-origin" };
    const answer = await fetch(alive, options);
    if (answer.type === "opaqueredirect" || answer.status === 401) leave();
    if (answer.status !== 204) return false;
    learn(Number(answer.headers.get("Session-Idle-Left")), Number(answer.headers.get("Session-Left")));
    return true;
  }

  async function tellServer() {
    clearTimeout(waiting);
    waiting = 0;
    said = Date.now();
    // No connection: the next minute tries again, and the time that is known here goes on.
    await speak("POST").catch(() => false);
  }

  function moved() {
    if (dialog.open || waiting || gone) return;
    const wait = said + SAY_MS - Date.now();
    if (wait <= 0) tellServer();
    else waiting = setTimeout(tellServer, wait);
  }

  // Hands on keys, wheel or pointer; not what a page that refreshes itself causes: a scroll put back, or something else
  // coming to lie under a pointer that rests.
  function pointed(event) {
    const place = `${event.screenX} ${event.screenY}`;
    if (pointer && pointer !== place) moved();
    pointer = place;
  }

  // Once per session and tab: whoever goes on working until the end is not told on every page.
  function toldOfEnd() {
    return Math.abs(Number(sessionStorage.getItem(TOLD)) - ends) < SAME_MS;
  }

  function inWords(ms) {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  function show(kind) {
    dialog.querySelectorAll("[data-of]").forEach((el) => { el.hidden = el.dataset.of !== kind; });
    stay.textContent = kind === "idle" ? "Stay signed in" : "Go on until then";
    shown = kind;
    if (kind === "end") sessionStorage.setItem(TOLD, String(ends));
    if (!dialog.open) dialog.showModal();
  }

  async function look() {
    if (busy || gone) return;
    const left = Math.min(idleEnds, ends) - Date.now();
    const asking = idleEnds < ends && left <= ASK_MS;
    const telling = ends - Date.now() <= TELL_MS && !toldOfEnd();
    if (dialog.open) clock.textContent = inWords(left);
    if (left > 0 && (dialog.open || !(asking || telling))) return;
    busy = true;
    const known = await speak("GET").catch(() => false);
    busy = false;
    if (gone) return;
    const now = Date.now();
    if (!known && left <= 0) leave();
    else if (idleEnds < ends && idleEnds - now <= ASK_MS) show("idle");
    else if (ends - now <= TELL_MS && !toldOfEnd()) show("end");
    else if (dialog.open && shown === "idle") dialog.close("others");
    clock.textContent = inWords(Math.min(idleEnds, ends) - now);
  }

  learn(Number(dialog.dataset.idleLeft), Number(dialog.dataset.left));
  // Escape closes it too, and is a key like any other: somebody is there.
  dialog.addEventListener("close", () => { if (dialog.returnValue !== "others") tellServer(); dialog.returnValue = ""; });
  ["keydown", "pointerdown", "wheel", "touchmove"].forEach((name) => {
    document.addEventListener(name, moved, { passive: true, capture: true });
  });
  document.addEventListener("pointermove", pointed, { passive: true, capture: true });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  // A page that the browser kept whole may show what its session may not see any more.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  setInterval(look, 1000);
})();
