// What every page does by itself: running times, forms sent once, typed text kept.
//
//   <time data-since="2026-03-25T09:00:00Z">  counts up, 02:14 or 1:02:14, by the server's clock
//   <time data-until="…">                     counts down to 00:00
//   <span data-clock="Asia/Shanghai">         the time of day there
//   <textarea data-keep="note-17">            what is typed survives a problem and a reload, in this
//                                             tab alone, until its form was taken or one signs out
//   ownerline.now(), setNow("…"), paint(node) the server's clock; shows the times within a node at once
//   ownerline.announce("…")                   says it to those who hear the page, politely
"use strict";
{
  const ownerline = (window.ownerline = window.ownerline || {});
  const root = document.documentElement;
  const SENT_FOR_MS = 5_000;

  // ---------- time: the server's, for a desk's own clock may be wrong ----------

  let ahead = root.dataset.now ? Date.parse(root.dataset.now) - Date.now() : 0;
  ownerline.now = () => Date.now() + ahead;
  ownerline.setNow = (instant) => { ahead = Date.parse(instant) - Date.now(); };

  const two = (number) => String(number).padStart(2, "0");

  function timer(milliseconds) {
    const whole = Math.max(0, Math.floor(milliseconds / 1000));
    const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`;
  }

  function show(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  // What has just been put into the page need not wait for the next second.
  ownerline.paint = (within) => {
    const now = ownerline.now();
    for (const each of within.querySelectorAll('time[data-since]:not([data-since=""])')) {
      show(each, timer(now - Date.parse(each.dataset.since)));
    }
    for (const each of within.querySelectorAll("time[data-until]")) {
      show(each, timer(Date.parse(each.dataset.until) - now));
    }
    for (const each of within.querySelectorAll("[data-clock]")) {
      const timeZone = each.dataset.clock || undefined;
      show(each, new Date(now).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone }));
    }
  };

  function tick() {
    ownerline.paint(document);
    setTimeout(tick, 1000 - (ownerline.now() % 1000));
  }

  // ---------- what happened, for those who hear the page ----------

  ownerline.announce = (text) => {
    const said = document.getElementById("said");
    if (said) said.textContent = text;
  };

  // ---------- a form is sent once, however often its button is pressed ----------

  const sent = new WeakSet();

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.add(form);
    setTimeout(() => sent.delete(form), SENT_FOR_MS); // it may have answered with a file
    if (form.action.endsWith("/sign-out")) sessionStorage.clear();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // the page of a moment ago, whose forms were sent
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    if (requestConfig.verb === "get") return;
    if (elt.dataset.sending) {
      event.preventDefault();
      return;
    }
    elt.dataset.sending = "true";
    elt.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, requestConfig, successful } = event.detail;
    if (requestConfig.verb === "get") return;
    delete elt.dataset.sending;
    elt.removeAttribute("aria-busy");
    sent.delete(elt);
    const notice = document.getElementById("notice");
    if (successful) {
      forget(elt);
      if (notice) notice.replaceChildren();
    } else {
      notice?.scrollIntoView({ block: "nearest" });
    }
  });

  // ---------- typed text is kept ----------

  const placeOf = (field) => `ownerline.typed.${field.dataset.keep}`;

  function restore(within) {
    for (const field of within.querySelectorAll("[data-keep]")) {
      const kept = sessionStorage.getItem(placeOf(field));
      if (kept !== null && field.value === field.defaultValue) field.value = kept;
    }
  }

  function forget(form) {
    for (const field of form.querySelectorAll("[data-keep]")) sessionStorage.removeItem(placeOf(field));
  }

  document.addEventListener("input", (event) => {
    if (event.target.dataset?.keep) sessionStorage.setItem(placeOf(event.target), event.target.value);
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    const names = [...event.target.querySelectorAll("[data-keep]")].map(placeOf);
    if (names.length) sessionStorage.setItem("ownerline.sent", JSON.stringify(names));
  });
  document.addEventListener("htmx:load", (event) => restore(event.detail.elt));

  function settle() {
    const names = JSON.parse(sessionStorage.getItem("ownerline.sent") || "[]");
    sessionStorage.removeItem("ownerline.sent");
    // A page that says a problem has taken nothing: what was typed is for the next try.
    if (document.querySelector("[data-problem], .field__error")) return;
    for (const name of names) sessionStorage.removeItem(name);
  }

  // ---------- a menu closes when one turns elsewhere ----------

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.own[open], details.more[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.activeElement?.closest("details.own[open], details.more[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  settle();
  restore(document);
  tick();
}
