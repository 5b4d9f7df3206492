"use strict";
// The timer of a patient's page. The server decides and measures: this reports that the page is visible and how long
// ago the last input was, and shows what runs. Its buttons are forms and work without it; "m" presses the first one.
(() => {
  const timer = document.getElementById("timer");
  if (!timer) return;
  const { patient, heartbeatUrl, timerUrl, startUrl } = timer.dataset;
  const HEARTBEAT_MS = timer.dataset.heartbeatSeconds * 1000;
  const IDLE_MS = timer.dataset.idleSeconds * 1000;
  const WARNING_MS = timer.dataset.warningSeconds * 1000;
  const QUIET_MS = 15000; // input after such a pause is reported at once, so that the server knows both of its ends
  const RESPONSE_MS = 10000;
  const NOT_FOR_KEY = "timer-not-for"; // a person who stopped the time of this patient wants no automatic start
  const csrfToken = timer.querySelector("[name=csrfmiddlewaretoken]").value;
  const notice = document.getElementById("timer-notice");
  const isAutomatic = timer.dataset.automatic === "yes";
  let inputAt = performance.now();
  let isReported = true; // whether the server knows of the last input
  let sentAt = performance.now();
  let shownAt = performance.now();
  let isBusy = false;
  let pointerPosition = "";

  const state = () => document.getElementById("timer-state");
  const isHere = () => state().dataset.place === "here";
  const isPageTime = () => isHere() && state().dataset.mode === "page";

  function report(words) {
    if (notice.textContent !== words) notice.textContent = words;
  }

  function send(url, fields) {
    const headers = { "X-CSRFToken": csrfToken };
    const signal = AbortSignal.timeout(RESPONSE_MS);
    const options = { headers, signal, redirect: "manual", cache: "no-store", credentials: "same-origin" };
    if (!fields) return fetch(url, options);
    return fetch(url, { ...options, method: "POST", body: new URLSearchParams(fields) });
  }

  async function showAnswer(response) {
    if (response.status !== 200) return false;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("timer-state");
    if (!fresh) return false;
    const hadFocus = state().contains(document.activeElement);
    state().replaceWith(fresh);
    shownAt = performance.now();
    if (hadFocus) state().querySelector("[data-timer-toggle]")?.focus();
    showMinutes();
    return true;
  }

  function showMinutes() {
    const place = state().querySelector("[data-timer-minutes]");
    if (!place) return;
    const minutes = Math.floor((Number(state().dataset.seconds) + (performance.now() - shownAt) / 1000) / 60);
    place.textContent = `, ${minutes} min`;
  }

  async function act(url, fields, words) {
    if (isBusy) return;
    isBusy = true;
    const shown = await send(url, fields).then(showAnswer, () => false);
    isBusy = false;
    inputAt = sentAt = performance.now();
    isReported = true;
    report(shown ? words : "No connection: please try again.");
  }

  async function sendHeartbeat() {
    if (isBusy || document.hidden) return;
    isBusy = true;
    sentAt = performance.now();
    const fields = { patient };
    if (!isReported) fields.input = ((sentAt - inputAt) / 1000).toFixed(1);
    isReported = true;
    const answer = await send(heartbeatUrl, fields).then((response) => response.ok && response.json(), () => null);
    if (answer && answer.key !== state().dataset.key) {
      const wasHere = isHere();
      await send(timerUrl).then(showAnswer, () => false);
      if (wasHere && state().dataset.place === "none") report("Time stopped.");
    }
    isBusy = false;
  }

  function startByItself() {
    const isWanted = isAutomatic && !document.hidden && sessionStorage.getItem(NOT_FOR_KEY) !== patient;
    if (isWanted && !isHere() && state().dataset.mode !== "call") act(startUrl, { automatic: "1" }, "Time started.");
  }

  function noteInput() {
    const quiet = performance.now() - inputAt;
    inputAt = performance.now();
    isReported = false;
    report("");
    if (!isHere()) startByItself();
    else if (quiet > QUIET_MS) sendHeartbeat();
  }

  // Only a pointer that really moves counts: when a page refreshes, elements move under a pointer that rests.
  function notePointerMove(event) {
    const position = `${event.screenX} ${event.screenY}`;
    if (pointerPosition && pointerPosition !== position) noteInput();
    pointerPosition = position;
  }

  function everySecond() {
    if (document.hidden) return;
    showMinutes();
    const left = IDLE_MS - (performance.now() - inputAt);
    if (isPageTime() && left <= WARNING_MS && left > 0) {
      report(`No input: time stops in ${Math.ceil(left / 10000) * 10} s.`);
    }
    const isOver = isPageTime() && left <= -1000 && performance.now() - sentAt > 2000;
    if (isOver || performance.now() - sentAt >= HEARTBEAT_MS) sendHeartbeat();
  }

  timer.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-timer-page]")) return;
    event.preventDefault();
    const button = event.submitter;
    const stops = form.action.endsWith("/stop/") || form.action.endsWith("/undo/");
    if (stops) sessionStorage.setItem(NOT_FOR_KEY, patient);
    else sessionStorage.removeItem(NOT_FOR_KEY);
    const words = stops ? (form.action.endsWith("/undo/") ? "Back to the time before." : "Time stopped.") : "Time running.";
    act(form.action, button?.name ? { [button.name]: button.value } : {}, words);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (event.key !== "m" || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    state().querySelector("[data-timer-toggle]")?.click();
  });
  ["keydown", "pointerdown", "wheel", "touchmove"].forEach((name) => {
    document.addEventListener(name, noteInput, { passive: true, capture: true });
  });
  document.addEventListener("pointermove", notePointerMove, { passive: true, capture: true });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) sendHeartbeat(); });
  if (sessionStorage.getItem(NOT_FOR_KEY) !== patient) sessionStorage.removeItem(NOT_FOR_KEY);
  setInterval(everySecond, 1000);
  startByItself();
  if (isHere()) {
    isReported = false; // opening the page is input too
    sendHeartbeat();
  }
  showMinutes();
})();
