// The agent's desk: its parts are changed one by one, what is spoken from never moves; it beats while
// it is open, follows its own news, and says when it is behind another window or the server is away.
//
//   <button data-post="/desk/dial" name="…" value="…">   asks, and shows the parts that come back
//   <form data-form="/desk/outside">                     the same with fields
//   <button data-panel="/desk/transfer">                 opens what it loads under the bar
//   <div data-auto="/desk/next">                         asked by itself, once for each showing
"use strict";
{
  const ownerline = (window.ownerline = window.ownerline || {});
  const BEAT_MS = 10_000, RETRY_MS = 2_000, LATE_MS = 11_000, POLL_MS = 20_000, LISTS_MS = 2_000;
  const body = document.body, main = document.getElementById("main");
  const panel = document.getElementById("panel"), banner = document.getElementById("desk-banner");
  const mark = () => main.dataset.mark;
  const csrf = JSON.parse(body.getAttribute("hx-headers"));
  const tab = [...crypto.getRandomValues(new Uint8Array(12))].map((each) => each.toString(16).padStart(2, "0")).join("");
  ownerline.desk = { tab, holds: () => holder };

  const applied = new Map([...document.querySelectorAll("[data-part]")].map((each) => [each.id, each.dataset.part]));

  let holder = true, lostSince = null, word = null, busy = null, looking = false, again = false, unsent = null;
  let beatAt = 0, retryAt = 0, pollAt = 0, source = null, autoOf = null;

  // ---------- asking ----------

  async function ask(path, { form = null, method = form ? "POST" : "GET", marked = true } = {}) {
    const response = await fetch(path, {
      method,
      body: form,
      headers: { ...csrf, "HX-Request": "true", "X-Desk-Tab": tab, ...(form && marked ? { "X-Desk-Mark": mark() } : {}) },
    });
    const way = response.headers.get("HX-Redirect");
    if (way) location.assign(way);
    return response;
  }

  // What a server that is away fails with is a TypeError, here as in `fetch`.
  async function unlessAway(work, lost = () => {}) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      lost();
      lose();
    }
  }

  async function good(response) {
    if (!response.ok) throw new TypeError(response.statusText);
    found();
    return response;
  }

  const formOf = (element) => {
    const form = new URLSearchParams();
    if (element?.name) form.set(element.name, element.value);
    return form;
  };

  // One thing at a time: a second press while the first is on its way asks nothing.
  async function post(path, form, from) {
    if (busy || !holder) return;
    busy = from ?? body;
    busy.setAttribute("aria-busy", "true");
    try {
      await unlessAway(async () => {
        const response = await ask(path, { form });
        found();
        await show(response);
      }, () => { unsent = { path, form, mark: mark() }; });
    } finally {
      busy.removeAttribute("aria-busy");
      busy = null;
      if (again) look();
      else auto();
    }
  }

  async function show(response) {
    const text = await response.text();
    if (response.ok && text.includes("data-parts")) {
      notice("");
      closePanel();
      apply(text);
    } else if (response.ok) openPanel(text);
    else if (response.status === 409) {
      const before = mark();
      apply(await (await ask("/desk/parts")).text()); // it was meant for what is over: show what is
      if (mark() === before) notice(text);
      else say(body.dataset.moved);
    } else notice(text);
  }

  // ---------- parts ----------

  // One look at a time; what comes meanwhile is looked at once, afterwards.
  async function look() {
    again = Boolean(busy) || looking;
    if (again) return;
    looking = true;
    try {
      await unlessAway(async () => apply(await (await good(await ask("/desk/parts"))).text()));
    } finally {
      looking = false;
      if (again) look();
    }
  }

  function apply(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-parts]");
    if (!fresh) return;
    const moved = fresh.dataset.mark !== mark();
    if (moved) {
      closePanel();
      autoOf = null;
    }
    main.dataset.mark = fresh.dataset.mark;
    for (const next of [...fresh.children]) {
      const old = document.getElementById(next.id);
      if (!old || applied.get(next.id) === next.dataset.part) continue;
      if (!moved && isHeld(old)) {
        old.dataset.waits = "true"; // it is changed when the focus has left it
        continue;
      }
      applied.set(next.id, next.dataset.part);
      replace(old, next);
    }
    hold(fresh.dataset.holder === "true");
    if (fresh.dataset.said) say(fresh.dataset.said);
    auto();
  }

  const isHeld = (part) =>
    part.id !== "desk-state" && part.contains(document.activeElement) && document.activeElement !== part &&
    document.activeElement.matches("input, textarea, select");

  function replace(old, next) {
    const top = old.scrollTop, step = old.querySelector(".step")?.scrollTop ?? 0;
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset.keyName : null;
    const made = document.importNode(next, true);
    old.replaceWith(made);
    made.scrollTop = top;
    const scrolled = made.querySelector(".step");
    if (scrolled) scrolled.scrollTop = step;
    if (focused) made.querySelector(`[data-key-name="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    ownerline.paint(made);
    htmx.process(made);
  }

  document.addEventListener("focusout", () => {
    if (document.querySelector("[data-waits]")) setTimeout(look, 0);
    document.querySelectorAll("[data-waits]").forEach((each) => delete each.dataset.waits);
  });

  function auto() {
    const wish = document.querySelector("[data-auto]");
    if (!wish || !holder || busy || document.hidden) return; // an answer that comes back asks when it is shown
    const of = `${mark()} ${document.getElementById("say").dataset.part}`;
    if (autoOf === of) return;
    autoOf = of;
    post(wish.dataset.auto, new URLSearchParams(), null);
  }

  // ---------- one window speaks ----------

  const take = () => unlessAway(async () => {
    const response = await ask("/desk/take", { form: new URLSearchParams(), marked: false });
    apply(await (await good(response)).text());
  });

  function hold(holds) {
    if (holds === holder) return;
    holder = holds;
    body.classList.toggle("is-elsewhere", !holder);
    for (const each of [main, document.getElementById("foot"), document.getElementById("desk-state")]) each?.toggleAttribute("inert", !holder);
    if (holder) banner.replaceChildren();
    else put("banner-elsewhere");
  }

  // Parts that were replaced meanwhile are inert too while another window speaks.
  const keepInert = () => {
    if (!holder) for (const id of ["foot", "desk-state"]) document.getElementById(id)?.setAttribute("inert", "");
  };

  // ---------- news, beats, and a server that is away ----------

  function follow() {
    source?.close();
    source = new EventSource(body.dataset.live);
    source.addEventListener("listening", () => { if (lostSince) look(); });
    source.addEventListener("desk", look);
    // Lists change for a whole floor at once: not everybody asks in the same instant.
    source.addEventListener("lists", () => { pollAt = Math.min(pollAt, Date.now() - POLL_MS + Math.random() * LISTS_MS); });
    for (const name of ["over", "dropped"]) source.addEventListener(name, () => { follow(); look(); });
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) retryAt = Date.now() + RETRY_MS; });
  }

  const beat = () => unlessAway(async () => {
    const response = await good(await ask("/desk/beat", { form: new URLSearchParams(), marked: false }));
    const told = await response.json();
    if (!told.holder) hold(false);
    else if (!holder || (word !== null && told.word !== word) || told.mark !== mark()) look();
    word = told.word;
  });

  function lose() {
    if (!lostSince) {
      lostSince = Date.now();
      put("banner-lost");
      const since = banner.querySelector("time");
      if (since) since.dataset.since = new Date(ownerline.now()).toISOString();
      ownerline.paint(banner);
    }
    retryAt = Date.now() + RETRY_MS;
  }

  function found() {
    if (!lostSince) return;
    lostSince = null;
    put("banner-kept");
    setTimeout(() => { if (!lostSince && holder) banner.replaceChildren(); }, 4000);
    follow();
    resend();
  }

  // What was pressed or typed while the server was away is sent once, if it still means the same.
  function resend() {
    const kept = unsent;
    unsent = null;
    if (kept?.path && kept.mark === mark()) setTimeout(() => post(kept.path, kept.form, null), 0);
    else if (kept?.element?.isConnected) setTimeout(() => htmx.trigger(kept.element, kept.event), 0);
  }

  function tick() {
    const now = Date.now();
    keepInert();
    if (lostSince) {
      if (now >= retryAt) { retryAt = now + RETRY_MS; look(); }
      return;
    }
    if (now - beatAt >= BEAT_MS) { beatAt = now; beat(); }
    if (source?.readyState === EventSource.CLOSED && now >= retryAt) { retryAt = now + RETRY_MS; follow(); }
    if (mark() === "ready" && now - pollAt >= POLL_MS) { pollAt = now; autoOf = null; look(); }
    const late = document.querySelector("#desk-state [aria-busy]");
    if (late && !late.dataset.asked) late.dataset.asked = now;
    if (late && now - late.dataset.asked > LATE_MS) { late.dataset.asked = now; look(); }
  }

  // ---------- what is pressed ----------

  document.addEventListener("click", (event) => {
    const from = event.target.closest("button, a");
    if (!from || from.disabled) return;
    if (from.dataset.act === "take") take();
    else if (from.dataset.act === "reconnect") look();
    else if (from.dataset.act === "file-back") htmx.trigger(document.getElementById("know"), "load");
    else if (from.dataset.act === "mine") { event.preventDefault(); inKnow("/desk/mine"); }
    else if (from.dataset.says) say(from.dataset.says);
    else if (from.dataset.then) breakAfter(from);
    else if (from.dataset.panel) panelOf(from);
    else if (from.dataset.post) post(from.dataset.post, formOf(from), from);
    else return;
    if (from.tagName === "A") event.preventDefault();
  });

  // A break after this call is chosen beside the save button; the control sets and shows it.
  function breakAfter(button) {
    const choice = document.querySelector("#foot select[name=then]");
    if (!choice) return;
    choice.value = choice.value ? "" : button.dataset.then;
    button.setAttribute("aria-pressed", String(Boolean(choice.value)));
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-form]");
    if (!form) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, event.submitter));
    post(form.dataset.form, fields, form);
  }, true);

  const inKnow = (path) => unlessAway(async () => {
    const know = document.getElementById("know");
    const response = await ask(path);
    if (!response.ok) { notice(await response.text()); return; }
    know.replaceChildren(...nodesOf(await response.text()));
    applied.delete("know");
    htmx.process(know);
  });

  // ---------- what opens under the bar ----------

  const panelOf = (from) => unlessAway(async () => {
    if (!panel.hidden && panel.dataset.of === from.dataset.panel) { closePanel(); from.focus(); return; }
    const response = await ask(from.dataset.panel);
    if (response.ok) openPanel(await response.text(), from);
    else notice(await response.text());
  });

  function openPanel(text, from) {
    panel.replaceChildren(...nodesOf(text));
    panel.hidden = false;
    if (from) {
      panel.dataset.of = from.dataset.panel;
      document.querySelectorAll("[data-panel]").forEach((each) => each.setAttribute("aria-expanded", String(each === from)));
    }
    (panel.querySelector("[aria-invalid]") ?? panel.querySelector("button, input"))?.focus();
  }

  function closePanel() {
    panel.hidden = true;
    panel.replaceChildren();
    document.querySelectorAll("[data-panel]").forEach((each) => each.setAttribute("aria-expanded", "false"));
  }

  document.addEventListener("keydown", (event) => {
    if (event.code === "Escape" && !panel.hidden && !event.target.matches("input")) closePanel();
  });

  // ---------- saying ----------

  function say(text) {
    const made = document.createElement("p");
    made.className = "desk__said";
    made.textContent = text;
    document.getElementById("notice").replaceChildren(made);
    ownerline.announce?.(text);
    setTimeout(() => made.remove(), 8000);
  }

  const nodesOf = (text) => new DOMParser().parseFromString(text, "text/html").body.childNodes;
  const notice = (text) => document.getElementById("notice").replaceChildren(...nodesOf(text));
  const put = (id) => banner.replaceChildren(document.getElementById(id).content.cloneNode(true));

  // ---------- fragments of the script show the same tab and mark ----------

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-Desk-Tab"] = tab;
    if (event.detail.verb === "get") return;
    event.detail.headers["X-Desk-Mark"] = mark();
  });
  document.addEventListener("htmx:afterSwap", (event) => ownerline.paint(event.detail.target));
  document.addEventListener("htmx:sendError", (event) => {
    const { elt, requestConfig } = event.detail;
    if (requestConfig.verb !== "get") unsent = { element: elt, event: requestConfig.triggeringEvent?.type ?? "click" };
    lose();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) found();
    if (event.detail.requestConfig.verb !== "get" && event.detail.xhr.status === 409) look();
    if (event.detail.requestConfig.verb !== "get" && event.detail.successful) look();
  });

  const turn = (by) => () => {
    const tabs = [...document.querySelectorAll("#know [data-tab]")];
    const at = tabs.findIndex((each) => each.hasAttribute("aria-current"));
    if (tabs.length) tabs[(at + by + tabs.length) % tabs.length].click();
  };
  ownerline.keys?.([
    { name: "tab-next", key: "BracketRight", words: body.dataset.tabNext, run: turn(1) },
    { name: "tab-back", key: "BracketLeft", words: body.dataset.tabBack, run: turn(-1) },
  ]);

  const worker = new Worker(body.dataset.tick);
  worker.addEventListener("message", tick);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { beatAt = 0; look(); } });
  addEventListener("online", () => look());
  take();
  follow();
}
