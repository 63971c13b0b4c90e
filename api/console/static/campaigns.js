// Campaigns: the hours of a week only where they are asked for; one goes on where a mend is due.
"use strict";

const week = document.querySelector("[data-week]");
if (week) {
  const kinds = document.querySelectorAll("[data-hours-kind]");
  const show = () => {
    week.hidden = ![...kinds].some((each) => each.checked && each.value === "own");
  };
  for (const each of kinds) each.addEventListener("change", show);
  show();
}

const wrong = document.querySelector("[data-steer] [aria-invalid]");
if (wrong) wrong.focus();
