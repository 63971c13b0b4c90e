// Lays the bar's pages into its row; what has no room there is in the menu at its end, never cut off.
// Without this script the row is pulled sideways.
"use strict";
{
  const row = document.querySelector(".bar > nav");
  const menu = row?.querySelector(".more");
  const list = menu?.querySelector(".more__list");

  const isFull = () => row.scrollWidth > row.clientWidth;

  function lay() {
    if (menu.contains(document.activeElement)) return; // nothing moves under the keyboard
    menu.hidden = true;
    menu.open = false;
    menu.before(...list.children);
    row.classList.remove("is-laid");
    if (isFull()) {
      menu.hidden = false;
      const movable = [...row.querySelectorAll(":scope > a:not([aria-current])")];
      while (movable.length && isFull()) list.prepend(movable.pop());
    }
    row.classList.add("is-laid");
  }

  if (menu) {
    lay();
    const sizes = new ResizeObserver(lay);
    sizes.observe(document.querySelector(".bar"));
    sizes.observe(document.querySelector(".bar__tools"));
    row.addEventListener("htmx:afterSettle", lay); // a count has come, or has grown
  }
}
