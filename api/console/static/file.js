// A customer file: what of its line of time is shown, forms that open, hits walked by keys.
"use strict";
(() => {
  const chips = [...document.querySelectorAll(".tools [data-group]")];
  const lines = [...document.querySelectorAll(".timeline > [data-group]")];
  chips.forEach((chip) => chip.addEventListener("click", () => {
    const group = chip.dataset.group;
    chips.forEach((each) => each.setAttribute("aria-pressed", String(each === chip)));
    lines.forEach((line) => { line.hidden = Boolean(group) && line.dataset.group !== group; });
  }));

  document.querySelectorAll("[data-open]").forEach((opener) => opener.addEventListener("click", (event) => {
    const form = document.getElementById(opener.dataset.open);
    if (!form) return;
    event.preventDefault();
    form.open = true;
    form.scrollIntoView({ block: "nearest" });
    form.querySelector("textarea, input:not([type=hidden]), select")?.focus();
  }));

  const find = document.getElementById("find");
  if (!find) return;
  const hits = () => [...document.querySelectorAll("#hits .hit")];
  find.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && hits().length) {
      event.preventDefault();
      hits()[0].focus();
    }
  });
  document.getElementById("hits").addEventListener("keydown", (event) => {
    const at = hits().indexOf(document.activeElement);
    if (at < 0 || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    event.preventDefault();
    const to = event.key === "ArrowDown" ? at + 1 : at - 1;
    (to < 0 ? find : hits()[Math.min(to, hits().length - 1)]).focus();
  });
})();
