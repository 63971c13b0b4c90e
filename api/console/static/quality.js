// A score sheet by keys: 1 to 4 answer the criterion in focus, or the first open one, and go on.
"use strict";

(() => {
  const sheet = () => document.querySelector("form.quality__sheet[hx-post]");
  const criteria = (form) => [...form.querySelectorAll(".quality__criterion")];
  const answered = (criterion) => criterion.querySelector("input:checked") !== null;

  const answer = (form, nth) => {
    const all = criteria(form);
    const focused = all.findIndex((each) => each.contains(document.activeElement));
    const open = all.findIndex((each) => !answered(each));
    const at = focused >= 0 ? focused : open;
    const choice = all[at]?.querySelectorAll("input")[nth];
    if (!choice) return;
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    const next = all[at + 1];
    if (next) (next.querySelector("input:checked") ?? next.querySelector("input")).focus();
    else form.querySelector("textarea").focus();
  };

  // Saved as it is filled in, complete only when it is sent.
  document.addEventListener("submit", (event) => {
    if (event.target !== sheet() || event.target.checkValidity()) return;
    event.preventDefault();
    event.target.reportValidity();
  });

  document.addEventListener("keydown", (event) => {
    const form = sheet();
    if (!form || event.isComposing) return;
    if (event.code === "Enter" && event.ctrlKey) {
      event.preventDefault();
      form.requestSubmit();
      return;
    }
    const typing = event.target.matches("textarea, select, input:not([type=radio])");
    const key = /^(?:Digit|Numpad)([1-4])$/.exec(event.code);
    if (!key || typing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    answer(form, Number(key[1]) - 1);
  });
})();
