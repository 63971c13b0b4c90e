// Keys of a page, by the place of the key (event.code), so that an input method does not swallow them.
//
// In a template, a key does what a click does; on a field it moves there:
//
//   <button data-key="F8" data-key-name="break">休息<kbd>F8</kbd></button>
//   <input data-key="Slash" data-key-name="search" aria-label="…">
//
// In a script, for what has no element:
//
//   const drop = ownerline.keys([{ name: "next", key: "BracketRight", words: "…", run: () => {} }]);
//
// A key is written Enter, F2, KeyW, Digit1, Slash, Ctrl+Enter, Shift+Slash. While somebody types only
// F-keys and those with Ctrl work; Esc leaves the field. `?` shows the card of keys with their words,
// where each can be given another key; that is kept in this browser, and printed on the buttons.
"use strict";
{
  const ownerline = (window.ownerline = window.ownerline || {});
  const PLACE = "ownerline.keys";
  const SIGNS = { Enter: "⏎", Backspace: "⌫", Slash: "/", BracketLeft: "[", BracketRight: "]" };
  const FIELD = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select";
  const scripted = new Set();
  let asking = null; // whose new key is asked for

  const chosen = () => JSON.parse(localStorage.getItem(PLACE) || "{}");
  const nameOf = (entry) => entry.name || entry.key;
  const keyFor = (entry) => chosen()[nameOf(entry)] || entry.key;

  function printed(key) {
    return key
      .split("+")
      .map((part) => SIGNS[part] ?? part.replace(/^(Key|Digit)/, ""))
      .join(" ")
      .replace("Shift /", "?");
  }

  function pressed(event) {
    const code = event.code.replace(/^Numpad(\d)$/, "Digit$1").replace("NumpadEnter", "Enter");
    const marks = { Ctrl: event.ctrlKey || event.metaKey, Alt: event.altKey, Shift: event.shiftKey };
    return [...Object.keys(marks).filter((mark) => marks[mark]), code].join("+");
  }

  function wordsOf(element) {
    const labelled = element.getAttribute("aria-label") || element.labels?.[0]?.querySelector("span")?.textContent;
    if (labelled) return labelled.trim();
    const bare = element.cloneNode(true);
    bare.querySelectorAll("kbd, svg, .count").forEach((each) => each.remove());
    return bare.textContent.trim().replace(/\s+/g, " ");
  }

  function entries() {
    const found = [...document.querySelectorAll("[data-key]")].map((element) => ({
      name: element.dataset.keyName,
      key: element.dataset.key,
      words: wordsOf(element),
      element,
      run: () => use(element),
    }));
    return [...found, ...[...scripted].flat()];
  }

  const isUsable = (element) =>
    element.checkVisibility() && !element.disabled && element.getAttribute("aria-disabled") !== "true";

  function use(element) {
    if (element.matches(FIELD)) {
      element.focus();
      element.select?.();
    } else element.click();
  }

  const isTyping = (target) => target.isContentEditable || target.matches(FIELD);

  document.addEventListener("keydown", (event) => {
    if (asking) {
      take(event);
      return;
    }
    if (event.isComposing || event.keyCode === 229 || event.repeat || event.defaultPrevented) return;
    const key = pressed(event);
    if (isTyping(event.target)) {
      if (key === "Escape") event.target.blur();
      if (!/^(F\d+|Ctrl\+.+|Alt\+.+)$/.test(key)) return;
    }
    // Enter on a link or button is that one's own, unless the page has a key for it already.
    if (key === "Enter" && event.target.closest("a, button:not([data-key]), summary")) return;
    const fits = (each) => keyFor(each) === key && (!each.element || isUsable(each.element));
    const entry = entries().findLast(fits); // a page's own goes before the bar's
    if (!entry) return;
    event.preventDefault();
    entry.run(event);
  });

  ownerline.keys = (list) => {
    scripted.add(list);
    return () => scripted.delete(list);
  };

  // ---------- printing a key that was chosen anew on its button ----------

  function print(within = document) {
    const own = chosen();
    for (const element of within.querySelectorAll("[data-key]")) {
      const kbd = element.querySelector("kbd");
      const key = own[element.dataset.keyName || element.dataset.key];
      if (kbd && key) kbd.textContent = printed(key);
      const spoken = (key || element.dataset.key).replace("Ctrl", "Control").replace(/Key|Digit/, "");
      element.setAttribute("aria-keyshortcuts", spoken);
    }
  }

  // ---------- the card ----------

  const card = document.getElementById("key-card");

  function list() {
    const rows = new Map(entries().filter((each) => each.words).map((each) => [nameOf(each), each]));
    card.querySelector("ul").replaceChildren(
      ...[...rows.values()].map((entry) => {
        const row = document.createElement("li");
        const words = document.createElement("span");
        const button = document.createElement("button");
        const kbd = document.createElement("kbd");
        words.textContent = entry.words;
        kbd.textContent = printed(keyFor(entry));
        button.type = "button";
        button.className = "control";
        button.setAttribute("aria-label", `${entry.words}: ${kbd.textContent}`);
        button.append(kbd);
        button.addEventListener("click", () => {
          asking = entry;
          kbd.classList.add("is-asked");
          say(card.dataset.ask);
        });
        row.append(words, button);
        return row;
      }),
    );
  }

  const say = (text) => (card.querySelector("[role=status]").textContent = text);

  function take(event) {
    event.preventDefault();
    event.stopPropagation();
    if (["Control", "Shift", "Alt", "Meta"].includes(event.key)) return;
    const [entry, key] = [asking, pressed(event)];
    asking = null;
    const other = entries().find((each) => nameOf(each) !== nameOf(entry) && keyFor(each) === key);
    if (other) say(card.dataset.taken.replace("{words}", other.words));
    else if (key !== "Escape") {
      localStorage.setItem(PLACE, JSON.stringify({ ...chosen(), [nameOf(entry)]: key }));
      say(card.dataset.kept.replace("{words}", entry.words).replace("{key}", printed(key)));
      print();
    } else say("");
    list();
  }

  if (card) {
    card.addEventListener("toggle", (event) => {
      if (event.newState === "open") list();
      asking = null;
      say("");
    });
    card.querySelector("[data-reset]").addEventListener("click", () => {
      localStorage.removeItem(PLACE);
      location.reload();
    });
    const { words } = card.dataset;
    ownerline.keys([{ name: "keys", key: "Shift+Slash", words, run: () => card.togglePopover() }]);
  }
  document.addEventListener("htmx:load", (event) => print(event.detail.elt.parentElement ?? document));
  print();
}
