"use strict";
// Keeps an open page up to date. An element with data-live-url and data-live-version is asked about every few
// seconds: 204 says that nothing is new; otherwise the answer holds the page's parts (data-live-part, with ids), and
// those that differ take the place of the old ones. Scroll, focus, open details and drawn charts (data-keep) stay.
(() => {
  const EVERY_MS = 3000;
  const SLOWEST_MS = 30000;
  const place = document.querySelector("[data-live-url]");
  if (!place) return;

  const trouble = document.getElementById("live-trouble");
  const seen = new Map();
  let wait = EVERY_MS;
  let timer = 0;
  let asking = false;

  function remember(part) {
    seen.set(part.id, part.outerHTML);
  }

  function say(text, href, label) {
    trouble.textContent = text;
    trouble.hidden = !text;
    if (!href) return;
    const link = document.createElement("a");
    link.href = href;
    link.textContent = label;
    trouble.append(" ", link);
  }

  // The old nodes that must live on move into the new part before it is shown, all in one frame: nothing flickers.
  function carryOver(old, fresh) {
    old.querySelectorAll("[data-keep][id]").forEach((kept) => {
      const stand = fresh.querySelector(`#${CSS.escape(kept.id)}`);
      if (stand) stand.replaceWith(kept);
    });
    old.querySelectorAll("details[id]").forEach((was) => {
      const now = fresh.querySelector(`#${CSS.escape(was.id)}`);
      if (now) now.open = was.open;
    });
  }

  // What an element does rather than what it says, because figures in its text change: the same in a part made anew.
  // Two buttons that look alike may cancel two devices; what their forms send tells them apart.
  function deed(el) {
    const form = el.closest("form");
    const sent = form ? [...form.querySelectorAll("input[type=hidden]:not([name=csrfmiddlewaretoken])")] : [];
    const named = ["href", "form", "name", "value"].map((name) => el.getAttribute(name));
    return JSON.stringify([el.id, ...named, el.closest("details")?.id, form?.action, ...sent.map((each) => each.value)]);
  }

  function alike(part, name, what) {
    return [...part.querySelectorAll(name)].filter((el) => deed(el) === what);
  }

  function focusIn(part) {
    const focused = document.activeElement;
    if (!part.contains(focused) || focused === part) return null;
    const [name, what] = [focused.localName, deed(focused)];
    return { name, what, nth: alike(part, name, what).indexOf(focused) };
  }

  // What had the focus may be gone: then its part has it, and Tab goes on from there instead of from the page's top.
  function focusAgain(part, { name, what, nth }) {
    const found = alike(part, name, what);
    const next = found[nth] ?? found.at(-1) ?? part;
    if (next === part) part.tabIndex = -1;
    next.focus({ preventScroll: true });
  }

  function scrolls(part) {
    return [...part.querySelectorAll("[id]")].filter((el) => el.scrollLeft || el.scrollTop)
      .map((el) => [el.id, el.scrollLeft, el.scrollTop]);
  }

  function put(incoming) {
    const old = document.getElementById(incoming.id);
    if (!old || seen.get(incoming.id) === incoming.outerHTML) return false;
    const fresh = document.importNode(incoming, true);
    const focus = focusIn(old);
    const scrolled = scrolls(old);
    remember(fresh);
    carryOver(old, fresh);
    old.replaceWith(fresh);
    scrolled.forEach(([id, left, top]) => document.getElementById(id)?.scrollTo(left, top));
    if (focus) focusAgain(fresh, focus);
    return true;
  }

  function update(html) {
    const answer = new DOMParser().parseFromString(html, "text/html");
    const root = answer.querySelector("[data-live-version]");
    if (!root) throw new Error("an answer without a version");
    const changed = [...root.querySelectorAll("[data-live-part][id]")].filter(put).map((part) => part.id);
    place.dataset.liveVersion = root.dataset.liveVersion;
    if (changed.length) document.dispatchEvent(new CustomEvent("live:changed", { detail: changed }));
  }

  function leave(text, label) {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
    // All of the page: a look at a patient or an open reading stands beside what is refreshed.
    document.getElementById("content").replaceChildren();
    say(text, location.pathname, label);
  }

  async function ask() {
    const url = new URL(place.dataset.liveUrl, location.href);
    url.searchParams.set("v", place.dataset.liveVersion);
    const answer = await fetch(url, { redirect: "manual", cache: "no-store", credentials: "same-origin" });
    if (answer.status === 204) return true;
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      leave("You are signed out.", "Sign in again");
      return false;
    }
    if (answer.status === 403 || answer.status === 404) {
      leave("This page is no longer available to you.", "Try again");
      return false;
    }
    if (!answer.ok) throw new Error(`answer ${answer.status}`);
    update(await answer.text());
    return true;
  }

  async function tick() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      if (!(await ask())) return;
      wait = EVERY_MS;
      say("");
    } catch {
      // No connection, or a server that is restarting: say so, keep what is shown, ask again less often.
      if (trouble.hidden) {
        const time = new Date().toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
        say(`No connection since ${time}. What you see may be out of date; trying again.`);
      }
      wait = Math.min(wait * 2, SLOWEST_MS);
    } finally {
      asking = false;
    }
    timer = setTimeout(tick, wait);
  }

  function look() {
    clearTimeout(timer);
    if (!document.hidden) tick();
  }

  place.querySelectorAll("[data-live-part][id]").forEach(remember);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("live:now", look); // somebody has just changed something here
  timer = setTimeout(tick, EVERY_MS);
})();
