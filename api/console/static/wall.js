// The wallboard: values change in their own place; nothing under the pointer or the focus moves.
"use strict";

(() => {
  const floor = document.querySelector(".wall__floor[data-live]");
  if (!floor) return;
  const KEPT_MS = 30_000; // rows keep their order so long
  const STALE_MS = 5_000;
  const AGAIN_MS = 5_000;
  let heard = Date.now();
  let placed = Date.now();
  let source = null;
  let lines = {}; // of each part, as they were told last

  const say = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
  };

  // How long ago we heard; times run by themselves.
  function freshen() {
    const silent = Date.now() - heard;
    for (const fresh of document.querySelectorAll("[data-freshness]")) {
      const text = silent >= STALE_MS ? floor.dataset.stale : floor.dataset.fresh;
      say(fresh, text.replace("#", String(Math.round(silent / 1000))));
      fresh.classList.toggle("is-overdue", silent >= STALE_MS);
    }
  }

  const attributes = (from, to) => {
    for (const { name } of [...from.attributes]) if (!to.hasAttribute(name)) from.removeAttribute(name);
    for (const { name, value } of [...to.attributes]) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  };
  const key = (node) => node.dataset?.row;
  const busy = (node) => node.matches?.(":hover, :focus-within");

  // Make one node like another in place.
  function become(from, to) {
    if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) {
      from.replaceWith(to);
      return;
    }
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    if (from.matches("time[data-since]") && from.dataset.since === to.dataset.since) return;
    attributes(from, to);
    if ([...to.children].some(key)) rows(from, to);
    else nodes(from, to);
  }

  function nodes(from, to) {
    const now = [...from.childNodes], then = [...to.childNodes];
    then.forEach((node, place) => (now[place] ? become(now[place], node) : from.append(node)));
    now.slice(then.length).forEach((node) => node.remove());
  }

  // Rows are known by their key; they are put in order anew only now and then, and never under a hand.
  function rows(from, to) {
    const known = new Map([...from.children].filter(key).map((row) => [key(row), row]));
    const plain = [...from.childNodes].filter((node) => !key(node));
    const fresh = [...to.childNodes].filter((node) => !key(node));
    const steady = to.hasAttribute?.("data-steady") && (Date.now() - placed < KEPT_MS || busy(from));
    const wanted = [...to.children].filter(key);
    const gone = new Set(known.keys());
    for (const row of wanted) gone.delete(key(row));
    gone.forEach((each) => known.get(each).remove());
    const order = wanted.map((row) => {
      const old = known.get(key(row));
      if (!old) return row;
      become(old, row);
      return old.isConnected ? old : row;
    });
    if (plain.filter((node) => node.nodeType === Node.ELEMENT_NODE).length) {
      // Rows among other things: the few wrappers that are so hold no hand.
      const elements = plain.filter((node) => node.nodeType === Node.ELEMENT_NODE);
      fresh.filter((node) => node.nodeType === Node.ELEMENT_NODE).forEach((node, place) =>
        elements[place] ? become(elements[place], node) : from.append(node));
    }
    for (const row of order) {
      if (!row.isConnected) {
        from.append(row);
        window.htmx?.process(row);
      }
    }
    if (steady) return;
    const right = order.every((row, place) => place === 0 || order[place - 1].compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (right) return;
    order.forEach((row) => from.append(row));
    placed = Date.now();
  }

  const made = (text) => {
    const template = document.createElement("template");
    template.innerHTML = text;
    return template.content;
  };

  function standing(text) {
    const old = document.getElementById("standing");
    if (!old || busy(old.parentElement)) return;
    const parts = [...made(text).children];
    const form = old.nextElementSibling;
    if (parts[0]) become(old, parts[0]);
    if (parts[1] && form?.matches("form, a")) form.replaceWith(parts[1]);
  }

  function show(parts) {
    for (const [name, text] of Object.entries(parts)) {
      const part = document.querySelector(`[data-part="${name}"]`);
      if (!part) continue;
      const holder = part.cloneNode(false);
      holder.append(made(text));
      become(part, holder);
    }
    ownerline.paint(floor);
    freshen();
    announce();
  }

  // Read aloud: that something is stopped or not dialled; never a count or a timer.
  const announced = document.querySelector("[data-announce]");
  let told = null;
  function announce() {
    const now = [...document.querySelectorAll('[data-part="why"] :is(.halt b, .why-not h2)')].map((each) => each.textContent.trim()).join(". ");
    if (told !== null && told !== now) say(announced, now);
    told = now;
  }

  function follow() {
    source?.close();
    source = new EventSource(floor.dataset.live);
    source.addEventListener("open", () => {
      lines = {}; // a new connection begins with whole parts
    });
    source.addEventListener("wall", (event) => {
      const told = JSON.parse(event.data);
      heard = Date.now();
      ownerline.setNow(told.at);
      if (told.standing) standing(told.standing);
      const parts = {};
      for (const [name, given] of Object.entries(told.parts)) {
        const before = lines[name] ?? [];
        lines[name] = given.map((line) => (typeof line === "number" ? before[line] : line));
        parts[name] = lines[name].join("\n");
      }
      show(parts);
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(look, AGAIN_MS);
    });
  }

  // The connection is gone for good: look once. Who is signed out is led to the door.
  async function look() {
    try {
      const answer = await fetch(floor.dataset.partOf, { headers: { "HX-Request": "true" } });
      if (answer.status === 401 || answer.status === 403) {
        window.location.reload();
        return;
      }
      if (answer.ok) {
        const parts = {};
        for (const part of made(await answer.text()).children) parts[part.dataset.part] = part.innerHTML;
        heard = Date.now();
        show(parts);
        follow();
        return;
      }
    } catch {
      // Still away: the words beside the clock say so.
    }
    setTimeout(look, AGAIN_MS);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - heard > STALE_MS) look();
  });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => event.persisted && follow());
  announce();
  follow();
  freshen();
  setInterval(freshen, 1000);
})();
