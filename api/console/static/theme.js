// Light or dark as this browser's reader chose, before anything is painted; a page that is given one
// of them (the wallboard on the wall) keeps it.
//
//   <button data-theme-choice="dark">   light, dark, or "" as the system has it
"use strict";
{
  const PLACE = "ownerline.theme";
  const root = document.documentElement;
  const given = root.dataset.theme;

  function paint() {
    const chosen = localStorage.getItem(PLACE) || "";
    if (given || chosen) root.dataset.theme = given || chosen;
    else delete root.dataset.theme;
    for (const each of document.querySelectorAll("[data-theme-choice]")) {
      each.setAttribute("aria-pressed", String(each.dataset.themeChoice === chosen));
    }
  }

  paint();
  addEventListener("DOMContentLoaded", paint);
  addEventListener("storage", paint); // chosen in another tab
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-theme-choice]");
    if (!choice) return;
    localStorage.setItem(PLACE, choice.dataset.themeChoice);
    paint();
  });
}
