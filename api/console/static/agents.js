// The supervisor's own phone is kept by this browser, so that it is typed once.
"use strict";

(() => {
  const KEPT = "ownerline.own-phone";
  const fill = (root) => {
    for (const input of root.querySelectorAll("[data-own-phone]")) {
      if (!input.value) input.value = localStorage.getItem(KEPT) ?? "";
    }
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-own-phone]")) localStorage.setItem(KEPT, event.target.value.trim());
  });
  document.addEventListener("htmx:load", (event) => fill(event.target.parentElement ?? document));
  fill(document);
})();
