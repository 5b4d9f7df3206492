"use strict";
// Session timeout: warns before the server ends the session and leaves the page when it does. The server decides:
// activity (keys, pointer, scrolling) is reported to it at most once a minute, and before a warning it is asked how
// much time is left, because other tabs report too.
(() => {
  const dialog = document.getElementById("session-timeout");
  if (!dialog) return;
  const { idleWarningSeconds, endNoticeSeconds, keepaliveSeconds, keepaliveUrl, signInUrl } = dialog.dataset;
  const IDLE_WARNING_MS = idleWarningSeconds * 1000;
  const END_NOTICE_MS = endNoticeSeconds * 1000;
  const KEEPALIVE_MS = keepaliveSeconds * 1000;
  const REQUEST_TIMEOUT_MS = 5000;
  const SAME_END_MS = 10 * 60 * 1000;
  const NOTICE_SHOWN_KEY = "session-end-notice-shown-for";
  const csrfToken = dialog.querySelector("[name=csrfmiddlewaretoken]").value;
  const stayButton = dialog.querySelector("[data-stay]");
  const timeLeft = dialog.querySelector("[data-time-left]");
  let idleEndsAt = 0;
  let endsAt = 0;
  let reportedAt = Date.now();
  let reportTimer = 0;
  let checking = false;
  let shownKind = "";
  let leaving = false;
  let pointerPosition = "";

  function setTimeLeft(idleSeconds, totalSeconds) {
    idleEndsAt = Date.now() + idleSeconds * 1000;
    endsAt = Date.now() + totalSeconds * 1000;
  }

  function leavePage() {
    leaving = true;
    document.body.hidden = true; // nothing of a patient stays on the screen while the next page loads
    location.replace(`${signInUrl}?next=${encodeURIComponent(location.pathname)}`);
  }

  // POST reports activity, GET only asks. True if the server has answered that the session is open.
  async function requestTimeLeft(method) {
    const headers = method === "POST" ? { "X-CSRFToken": csrfToken } : {};
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const options = { method, headers, signal, redirect: "manual", cache: "no-store", credentials: "same-origin" };
    const response = await fetch(keepaliveUrl, options);
    if (response.type === "opaqueredirect" || response.status === 401) leavePage();
    if (response.status !== 204) return false;
    setTimeLeft(Number(response.headers.get("Session-Idle-Left")), Number(response.headers.get("Session-Left")));
    return true;
  }

  async function reportActivity() {
    clearTimeout(reportTimer);
    reportTimer = 0;
    reportedAt = Date.now();
    // No connection: the next minute tries again, and the time that is known here runs on.
    await requestTimeLeft("POST").catch(() => false);
  }

  function noteActivity() {
    if (dialog.open || reportTimer || leaving) return;
    const wait = reportedAt + KEEPALIVE_MS - Date.now();
    if (wait <= 0) reportActivity();
    else reportTimer = setTimeout(reportActivity, wait);
  }

  // Only a pointer that really moves counts: when a page refreshes, elements move under a pointer that rests.
  function notePointerMove(event) {
    const position = `${event.screenX} ${event.screenY}`;
    if (pointerPosition && pointerPosition !== position) noteActivity();
    pointerPosition = position;
  }

  // Once per session and tab, not on every page that is opened until the end.
  function endNoticeShown() {
    return Math.abs(Number(sessionStorage.getItem(NOTICE_SHOWN_KEY)) - endsAt) < SAME_END_MS;
  }

  function showTimeLeft(ms) {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    timeLeft.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  function showDialog(kind) {
    dialog.querySelectorAll("[data-kind]").forEach((el) => { el.hidden = el.dataset.kind !== kind; });
    stayButton.textContent = kind === "idle" ? "Stay signed in" : "Continue until then";
    shownKind = kind;
    if (kind === "end") sessionStorage.setItem(NOTICE_SHOWN_KEY, String(endsAt));
    if (!dialog.open) dialog.showModal();
  }

  async function checkTimeLeft() {
    if (checking || leaving) return;
    const left = Math.min(idleEndsAt, endsAt) - Date.now();
    const idleWarningDue = idleEndsAt < endsAt && left <= IDLE_WARNING_MS;
    const endNoticeDue = endsAt - Date.now() <= END_NOTICE_MS && !endNoticeShown();
    if (dialog.open) showTimeLeft(left);
    if (left > 0 && (dialog.open || !(idleWarningDue || endNoticeDue))) return;
    checking = true;
    const answered = await requestTimeLeft("GET").catch(() => false);
    checking = false;
    if (leaving) return;
    const now = Date.now();
    if (!answered && left <= 0) leavePage();
    else if (idleEndsAt < endsAt && idleEndsAt - now <= IDLE_WARNING_MS) showDialog("idle");
    else if (endsAt - now <= END_NOTICE_MS && !endNoticeShown()) showDialog("end");
    else if (dialog.open && shownKind === "idle") dialog.close("active-elsewhere");
    showTimeLeft(Math.min(idleEndsAt, endsAt) - now);
  }

  setTimeLeft(Number(dialog.dataset.idleLeftSeconds), Number(dialog.dataset.leftSeconds));
  // Escape closes the dialog as its button does: both are activity.
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "active-elsewhere") reportActivity();
    dialog.returnValue = "";
  });
  ["keydown", "pointerdown", "wheel", "touchmove"].forEach((name) => {
    document.addEventListener(name, noteActivity, { passive: true, capture: true });
  });
  document.addEventListener("pointermove", notePointerMove, { passive: true, capture: true });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) checkTimeLeft(); });
  // A page from the back-forward cache may show what its session may not see any more.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  setInterval(checkTimeLeft, 1000);
})();
