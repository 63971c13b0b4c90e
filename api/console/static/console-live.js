// Live parts: changed in place, said to be old when the connection is lost, read anew when it is back.
//
// What news makes a page fetch (hx-trigger="sse:…") is not swapped but changed in place: the element
// that has the focus, the one under the pointer, what is being typed, selection and scroll stay. Rows
// are known by their id or data-row.
//
//   <tbody data-hold="{n} new">   new rows wait behind a button "3 new"; an order is kept for 30 s and
//                                 while a row is pointed at or has the focus
"use strict";
{
  const KEEPS_ORDER_MS = 30_000;
  const STALE_AFTER_MS = 5_000;
  const waiting = new WeakMap(); // a list that holds rows back: what it is to become
  const orderedAt = new WeakMap();
  let api;

  // ---------- changing in place ----------

  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.row || "" : "");
  const alike = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other);
  const isBusy = (node) =>
    node.nodeType === Node.ELEMENT_NODE && (node.matches(":hover") || node.contains(document.activeElement));

  const isOffer = (node) => node?.nodeType === Node.ELEMENT_NODE && node.matches(".waiting");

  function become(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if (old.isEqualNode(fresh)) return;
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !["open", "class"].includes(name)) old.removeAttribute(name);
    }
    if (!fresh.hasAttribute("class") && old.hasAttribute("class")) old.removeAttribute("class");
    if (old.matches("input, select, textarea") && (old === document.activeElement || isTyped(old))) return;
    if (old.matches("time[data-since], time[data-until], time[data-clock]")) return;
    becomeChildren(old, fresh);
  }

  const isTyped = (field) => "defaultValue" in field && field.value !== field.defaultValue;

  function becomeChildren(old, fresh, { release = false } = {}) {
    const known = new Map([...old.children].filter(keyOf).map((each) => [keyOf(each), each]));
    const holds = "hold" in old.dataset && known.size > 0 && !release;
    const mayOrder = release || !holds || mayReorder(old);
    const stay = new Set();
    let held = 0;
    let at = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      const key = keyOf(next);
      while (isOffer(at)) at = at.nextSibling;
      let match = key ? known.get(key) : null;
      if (!match && !key && at && alike(at, next)) match = at;
      if (match && !alike(match, next)) match = null;
      if (!match && key && holds) {
        held += 1;
        continue;
      }
      if (!match) {
        match = next.cloneNode(true);
        old.insertBefore(match, at);
      } else {
        if (match !== at && mayOrder && !isBusy(match)) old.insertBefore(match, at);
        else if (match === at) at = at.nextSibling;
        become(match, next);
      }
      stay.add(match);
    }
    for (const each of [...old.childNodes]) {
      if (!stay.has(each) && !isOffer(each) && !(isBusy(each) && keyOf(each))) each.remove();
    }
    if ("hold" in old.dataset) offer(old, fresh, held);
  }

  function mayReorder(list) {
    const now = Date.now();
    if (isBusy(list) || now - (orderedAt.get(list) ?? 0) < KEEPS_ORDER_MS) return false;
    orderedAt.set(list, now);
    return true;
  }

  // Rows that came meanwhile: a button says how many, and lets them in.
  function offer(list, fresh, held) {
    const anchor = list.closest("table") ?? list;
    let button = anchor.previousElementSibling?.matches(".waiting") ? anchor.previousElementSibling : null;
    if (!held) {
      waiting.delete(list);
      button?.remove();
      return;
    }
    waiting.set(list, fresh.cloneNode(true));
    if (!button) {
      button = document.createElement("div");
      button.className = "waiting";
      button.append(document.createElement("button"));
      button.firstChild.type = "button";
      button.firstChild.className = "button button--small";
      button.firstChild.addEventListener("click", () => {
        const ready = waiting.get(list);
        button.remove();
        if (ready) becomeChildren(list, ready, { release: true });
        htmx.process(list);
      });
      anchor.before(button);
    }
    button.firstChild.textContent = list.dataset.hold.replace("{n}", held);
  }

  htmx.defineExtension("keep", {
    init(internal) {
      api = internal;
    },
    handleSwap(style, target, fragment) {
      if (style !== "keep" && style !== "keep-outer") return false;
      const fresh = style === "keep-outer" ? fragment.firstElementChild : fragment;
      if (style === "keep-outer" && fresh && alike(target, fresh)) become(target, fresh);
      else if (style === "keep-outer") {
        target.replaceWith(...fragment.childNodes);
        return [];
      } else becomeChildren(target, fresh);
      return [target];
    },
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, elt, xhr } = event.detail;
    if (!requestConfig?.triggeringEvent?.type?.startsWith("sse:") || xhr.status >= 400) return;
    const style = api.getSwapSpecification(elt).swapStyle;
    if (style === "innerHTML") event.detail.swapOverride = "keep";
    if (style === "outerHTML") event.detail.swapOverride = "keep-outer";
  });

  // ---------- a lost connection is said after five seconds, and made good when it is back ----------

  const lost = new Map(); // what follows news: since when it hears none
  let sayAt = null;

  function judge() {
    clearTimeout(sayAt);
    for (const each of lost.keys()) if (each !== window && !each.isConnected) lost.delete(each);
    const since = Math.min(...lost.values()); // of none: never
    const banner = document.getElementById("stale");
    if (!banner) return;
    const left = since + STALE_AFTER_MS - Date.now();
    banner.hidden = !(left <= 0);
    if (Number.isFinite(left) && left > 0) sayAt = setTimeout(judge, left);
  }

  function lose(what) {
    if (!lost.has(what)) lost.set(what, Date.now());
    judge();
  }

  // Everything in it that news makes look anew does so: what was told meanwhile, nobody heard.
  function regain(what) {
    const was = lost.delete(what);
    judge();
    if (!was || what === window) return;
    for (const each of [what, ...what.querySelectorAll("[hx-trigger*='sse:']")]) {
      const names = (each.getAttribute("hx-trigger") ?? "").match(/sse:[\w-]+/g) ?? [];
      if (names.length) htmx.trigger(each, names[0]);
    }
  }

  document.addEventListener("htmx:sseError", (event) => lose(event.target));
  document.addEventListener("htmx:sseOpen", (event) => regain(event.target));
  addEventListener("offline", () => lose(window));
  addEventListener("online", () => regain(window));
}
