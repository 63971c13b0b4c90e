// Forms of the settings: only the fields that a role has are shown.
"use strict";

function showFieldsOf(choice) {
  for (const field of choice.form.querySelectorAll("[data-role-only]")) {
    field.hidden = field.dataset.roleOnly !== choice.value;
  }
}

for (const choice of document.querySelectorAll("select[data-role]")) {
  choice.addEventListener("change", () => showFieldsOf(choice));
  showFieldsOf(choice);
}
