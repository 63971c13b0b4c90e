// Forms of the settings: sent once, and only the fields that a role has.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
});

// Back from the next page the form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

function showFieldsOf(choice) {
  for (const field of choice.form.querySelectorAll("[data-role-only]")) {
    field.hidden = field.dataset.roleOnly !== choice.value;
  }
}

for (const choice of document.querySelectorAll("select[data-role]")) {
  choice.addEventListener("change", () => showFieldsOf(choice));
  showFieldsOf(choice);
}
