"use strict";
// Rows of a live list stay in place while it is used: while the pointer or the keyboard focus is in its rows, and for a
// few seconds after. Values are refreshed in place; a new order is offered as a button. Works on tbody[data-live-rows].
(() => {
  const ROWS = "tbody[data-live-rows]";
  const HOLD_MS = 4000;
  const root = document.querySelector("[data-live-url]");
  if (!root) return;

  let pointerRow = null; // key of the row under the pointer
  let usedAt = -Infinity;
  let timer = 0;
  let newOrder = null; // rows as the server sorts them, while the page shows another order
  let anchor = null;

  const offer = document.createElement("div");
  offer.className = "order-offer";
  offer.setAttribute("role", "status");
  root.before(offer);

  // Its id where several rows may link to the same page.
  function rowKey(row) {
    return row.id || row.querySelector("th a[href]")?.getAttribute("href");
  }

  function focusedRow() {
    return document.activeElement.closest(`${ROWS} tr`);
  }

  function isInUse() {
    return pointerRow !== null || focusedRow() !== null || performance.now() - usedAt < HOLD_MS;
  }

  function noteUse() {
    usedAt = performance.now();
    clearTimeout(timer);
    timer = setTimeout(() => { if (newOrder && !isInUse()) showNewOrder(); }, HOLD_MS);
  }

  // Rows that are not in the longest run of rows whose order is unchanged; a row that goes makes way for one that comes.
  function countMoved(before, after) {
    const places = new Map(after.map((key, index) => [key, index]));
    const ends = [];
    before.map((key) => places.get(key)).filter((place) => place !== undefined).forEach((place) => {
      const index = ends.findIndex((end) => end > place);
      ends[index < 0 ? ends.length : index] = place;
    });
    return Math.max(before.length, after.length) - ends.length;
  }

  function offerNewOrder(count) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = `${count} ${count === 1 ? "row" : "rows"} moved: show`;
    button.addEventListener("click", (event) => {
      const byKeyboard = event.detail === 0;
      showNewOrder();
      if (byKeyboard) document.querySelector(`${ROWS} a[href]`)?.focus();
    });
    if (offer.textContent !== button.textContent) offer.replaceChildren(button);
  }

  function showNewOrder() {
    document.querySelector(ROWS)?.replaceChildren(...newOrder);
    newOrder = null;
    offer.replaceChildren();
  }

  // A row that the list no longer has stays, with its last values, until the new order is shown.
  function keepOrder(shown, incoming) {
    const rows = new Map([...incoming.rows].map((row) => [rowKey(row), row]));
    const keys = [...shown.rows].map(rowKey);
    const moved = countMoved(keys, [...rows.keys()]);
    if (!moved) return;
    newOrder = [...incoming.rows];
    incoming.replaceChildren(...[...shown.rows].map((row) => rows.get(rowKey(row)) ?? row));
    offerNewOrder(moved);
  }

  document.addEventListener("live:replace", ({ detail: { old, fresh } }) => {
    const shown = old.querySelector(ROWS);
    const incoming = fresh.querySelector(ROWS);
    if (!shown) return;
    newOrder = null;
    if (incoming && isInUse()) keepOrder(shown, incoming);
    if (!newOrder) offer.replaceChildren();
  });

  // What grows above or within the rows must not move the one in use.
  document.addEventListener("live:update", () => {
    const hovered = [...document.querySelectorAll(`${ROWS} tr`)].find((row) => rowKey(row) === pointerRow);
    const row = hovered ?? focusedRow();
    anchor = row && { key: rowKey(row), top: row.getBoundingClientRect().top };
  });
  document.addEventListener("live:changed", () => {
    const row = anchor && [...document.querySelectorAll(`${ROWS} tr`)].find((each) => rowKey(each) === anchor.key);
    if (row) scrollBy({ top: row.getBoundingClientRect().top - anchor.top, behavior: "instant" });
    anchor = null;
  });

  document.addEventListener("pointerover", ({ target }) => {
    const row = target.closest(`${ROWS} tr`);
    if (pointerRow !== null && !row) noteUse();
    pointerRow = row ? rowKey(row) : null;
  });
  document.documentElement.addEventListener("pointerleave", () => {
    if (pointerRow !== null) noteUse();
    pointerRow = null;
  });
  document.addEventListener("focusout", ({ target }) => { if (target.closest(ROWS)) noteUse(); });
})();
