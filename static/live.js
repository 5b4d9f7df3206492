"use strict";
// Live updates by polling. An element with data-live-url and data-live-version is polled every few seconds: 204 means
// that nothing has changed; otherwise the response contains the page's parts (data-live-part, with ids), and those that
// differ replace the old ones. Scroll position, focus, open details and drawn charts (data-preserve) are preserved.
// Events: live:update before any part is replaced, live:replace before each (old, fresh), live:changed after all.
(() => {
  const POLL_INTERVAL_MS = 3000;
  const RESPONSE_MS = 10000;
  const MAX_POLL_INTERVAL_MS = 30000;
  const root = document.querySelector("[data-live-url]");
  if (!root) return;

  const notice = document.getElementById("live-notice");
  const markupById = new Map(); // as the server sent it, to compare with the next response
  let pollInterval = POLL_INTERVAL_MS;
  let timer = 0;
  let polling = false;

  function storeMarkup(part) {
    markupById.set(part.id, part.outerHTML);
  }

  function showNotice(text, href, label) {
    notice.textContent = text;
    notice.hidden = !text;
    if (!href) return;
    const link = document.createElement("a");
    link.href = href;
    link.textContent = label;
    notice.append(" ", link);
  }

  // Preserved nodes move into the new part before it is shown, all in one frame: nothing flickers.
  function movePreserved(old, fresh) {
    old.querySelectorAll("[data-preserve][id]").forEach((preserved) => {
      fresh.querySelector(`#${CSS.escape(preserved.id)}`)?.replaceWith(preserved);
    });
    old.querySelectorAll("details[id]").forEach((details) => {
      const replacement = fresh.querySelector(`#${CSS.escape(details.id)}`);
      if (replacement) replacement.open = details.open;
    });
  }

  // Identifies a control by what it does, because the figures in its text change. Two buttons with the same text may
  // cancel two devices; the hidden fields and the action of their forms differ.
  function controlKey(el) {
    const form = el.closest("form");
    const fields = form ? [...form.querySelectorAll("input[type=hidden]:not([name=csrfmiddlewaretoken])")] : [];
    const attributes = ["href", "form", "name", "value"].map((name) => el.getAttribute(name));
    const values = fields.map((field) => field.value);
    return JSON.stringify([el.id, ...attributes, el.closest("details")?.id, form?.action, ...values]);
  }

  function findControls(part, tag, key) {
    return [...part.querySelectorAll(tag)].filter((el) => controlKey(el) === key);
  }

  function focusedControl(part) {
    const focused = document.activeElement;
    if (!part.contains(focused) || focused === part) return null;
    const [tag, key] = [focused.localName, controlKey(focused)];
    return { tag, key, index: findControls(part, tag, key).indexOf(focused) };
  }

  // If the focused control is gone its part gets the focus, so that Tab continues from there and not from the top.
  function restoreFocus(part, { tag, key, index }) {
    const found = findControls(part, tag, key);
    const next = found[index] ?? found.at(-1) ?? part;
    if (next === part) part.tabIndex = -1;
    next.focus({ preventScroll: true });
  }

  function replacePart(incoming) {
    const old = document.getElementById(incoming.id);
    if (!old || markupById.get(incoming.id) === incoming.outerHTML) return false;
    const fresh = document.importNode(incoming, true);
    const focused = focusedControl(old);
    const scrolled = [...old.querySelectorAll("[id]")].filter((el) => el.scrollLeft || el.scrollTop)
      .map((el) => [el.id, el.scrollLeft, el.scrollTop]);
    storeMarkup(fresh);
    movePreserved(old, fresh);
    document.dispatchEvent(new CustomEvent("live:replace", { detail: { old, fresh } }));
    old.replaceWith(fresh);
    scrolled.forEach(([id, left, top]) => document.getElementById(id)?.scrollTo(left, top));
    if (focused) restoreFocus(fresh, focused);
    return true;
  }

  function updatePage(html) {
    const incoming = new DOMParser().parseFromString(html, "text/html").querySelector("[data-live-version]");
    if (!incoming) throw new Error("a response without a version");
    document.dispatchEvent(new CustomEvent("live:update"));
    const parts = [...incoming.querySelectorAll("[data-live-part][id]")];
    const changed = parts.filter(replacePart).map((part) => part.id);
    root.dataset.liveVersion = incoming.dataset.liveVersion;
    if (changed.length) document.dispatchEvent(new CustomEvent("live:changed", { detail: changed }));
  }

  // All of the content goes: an open preview or reading is outside of what is refreshed and shows a patient too.
  function clearPage(text, label) {
    document.removeEventListener("visibilitychange", pollNow);
    document.getElementById("content").replaceChildren();
    showNotice(text, location.pathname, label);
    return false;
  }

  // False once polling must end.
  async function fetchUpdate() {
    const url = new URL(root.dataset.liveUrl, location.href);
    url.searchParams.set("v", root.dataset.liveVersion);
    const deadline = new AbortController(); // a server that never answers is no connection either
    const timeout = setTimeout(() => deadline.abort(), RESPONSE_MS);
    const options = { redirect: "manual", cache: "no-store", credentials: "same-origin", signal: deadline.signal };
    const response = await fetch(url, options).finally(() => clearTimeout(timeout));
    if (response.status === 204) return true;
    if (response.type === "opaqueredirect" || response.status === 401) {
      return clearPage("You are signed out.", "Sign in again");
    }
    if (response.status === 403 || response.status === 404) {
      return clearPage("This page is no longer available to you.", "Try again");
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
    updatePage(await response.text());
    return true;
  }

  async function poll() {
    if (polling || document.hidden) return;
    polling = true;
    try {
      if (!(await fetchUpdate())) return;
      pollInterval = POLL_INTERVAL_MS;
      showNotice("");
    } catch {
      // No connection, or a server that is restarting: the page stays as it is and polls less often.
      if (notice.hidden) {
        const time = new Date().toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
        showNotice(`No connection since ${time}. What you see may be out of date; trying again.`);
      }
      pollInterval = Math.min(pollInterval * 2, MAX_POLL_INTERVAL_MS);
    } finally {
      polling = false;
    }
    timer = setTimeout(poll, pollInterval);
  }

  function pollNow() {
    clearTimeout(timer);
    if (!document.hidden) poll();
  }

  root.querySelectorAll("[data-live-part][id]").forEach(storeMarkup);
  // A form on this page has led back to it: the answer is the newest state of the page.
  document.addEventListener("page:received", ({ detail: { html, search } }) => {
    if (search === location.search) updatePage(html);
    else pollNow();
  });
  document.addEventListener("visibilitychange", pollNow);
  document.addEventListener("live:now", pollNow); // something on this page has just been changed
  timer = setTimeout(poll, POLL_INTERVAL_MS);
})();
