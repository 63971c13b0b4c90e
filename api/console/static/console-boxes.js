// A box that scrolls sideways by itself and holds nothing to press takes the keyboard's focus, so that
// its arrow keys reach what lies beyond its edge.
"use strict";
{
  const PRESSED = "a[href], button, input, select, textarea, summary, [tabindex]";

  function boxOf(each) {
    for (let box = each.parentElement; box && box !== document.body; box = box.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return box;
    }
    return null;
  }

  function reach() {
    for (const each of document.querySelectorAll("main :is(table, pre, svg.chart)")) {
      const box = boxOf(each);
      if (box && box.scrollWidth > box.clientWidth && !box.querySelector(PRESSED)) box.tabIndex = 0;
    }
  }

  reach();
  addEventListener("resize", reach);
  document.addEventListener("htmx:afterSettle", reach);
}
