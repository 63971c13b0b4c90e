// Campaigns: what is shown anew waits while somebody points at it or has the focus in it.
"use strict";

for (const box of document.querySelectorAll("[data-live]")) {
  const part = box.querySelector("[data-live-part]");
  const stale = box.querySelector("[data-live-stale]");
  let waits = false;

  const isInUse = () => part.contains(document.activeElement) || part.matches(":hover");

  part.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target !== part || !isInUse()) return;
    event.preventDefault();
    waits = true;
    stale.hidden = false;
  });
  part.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target !== part || !isInUse()) return;
    event.detail.shouldSwap = false;
    waits = true;
    stale.hidden = false;
  });
  const lookAgain = () => {
    if (!waits || isInUse()) return;
    waits = false;
    stale.hidden = true;
    window.htmx.trigger(part, "sse:campaigns");
  };
  part.addEventListener("mouseleave", lookAgain);
  part.addEventListener("focusout", () => window.setTimeout(lookAgain));
}

const week = document.querySelector("[data-week]");
if (week) {
  const kinds = document.querySelectorAll("[data-hours-kind]");
  const show = () => {
    week.hidden = ![...kinds].some((each) => each.checked && each.value === "own");
  };
  for (const each of kinds) each.addEventListener("change", show);
  show();
}

// What must be mended is where one goes on.
const wrong = document.querySelector("[data-steer] [aria-invalid]");
if (wrong) wrong.focus();
