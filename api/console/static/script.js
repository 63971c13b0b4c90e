// The script on the agent's screen: quick values, and what is typed into a result kept at once.
"use strict";
{
  const fieldOf = (chip) =>
    chip.dataset.into ? chip.form?.elements[chip.dataset.into] : chip.closest(".form")?.querySelector("[name='value']");

  function press(field) {
    for (const chip of field.closest(".form")?.querySelectorAll("[data-fill]") ?? []) {
      chip.setAttribute("aria-pressed", String(chip.dataset.fill === field.value));
    }
  }

  document.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-fill]");
    const field = chip && fieldOf(chip);
    if (!field) return;
    field.value = chip.dataset.fill;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    if (chip.dataset.into) {
      field.dispatchEvent(new Event("change", { bubbles: true })); // kept and judged as if it were typed
      field.focus();
      return;
    }
    document.querySelector(".go [data-key-name='primary']")?.focus();
  });
  document.addEventListener("input", (event) => {
    if (event.target.name === "value") press(event.target);
  });

  // Enter gives what was written, as the button beside it says; a new line is Shift+Enter.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.isComposing || event.keyCode === 229) return;
    if (!event.target.matches("#step textarea") || event.repeat) return;
    event.preventDefault();
    document.querySelector(".go [data-key-name='primary']")?.click();
  });

  // A result is kept as it is written: a closed lid loses nothing.
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form?.id !== "result" || !event.target.name.includes(".")) return;
    const values = Object.fromEntries(new FormData(form));
    htmx.ajax("POST", "/desk/result", { source: event.target, swap: "none", values: { ...values, do: "draft" } });
  });

  // htmx knows only the buttons inside a form; those beside it say what was pressed, too.
  document.addEventListener("htmx:configRequest", (event) => {
    const button = event.detail.triggeringEvent?.submitter;
    if (button?.name && !button.form?.contains(button)) event.detail.parameters[button.name] = button.value;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "say") return;
    const here = event.detail.target.querySelector("[aria-current='step']");
    here?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
    if (here) window.ownerline?.announce?.(here.textContent);
  });
}
