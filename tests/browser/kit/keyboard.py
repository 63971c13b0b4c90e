"""What somebody meets who has a keyboard alone: the way past the bar, and where the focus is."""

from playwright.async_api import Page

# After a key was pressed whatever takes the focus by script shows it as if it came by Tab.
_UNSEEN = r"""
() => {
  const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
  const marked = (each) => {
    if (!each) return false;
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  const found = [];
  const past = document.querySelector(FOCUSABLE);
  past.focus();
  if (!past.matches(".skip") || past.getBoundingClientRect().top < 0) {
    found.push("nothing leads past the bar");
  }
  for (const each of document.querySelectorAll(FOCUSABLE)) {
    if (each.disabled || each.type === "hidden" || each.tabIndex < 0) continue;
    if (!each.checkVisibility({ visibilityProperty: true })) continue;
    each.focus({ preventScroll: true });
    if (document.activeElement !== each) continue;
    const shows = [each, each.parentElement, each.nextElementSibling, each.closest("label, li")];
    if (!shows.some(marked)) found.push(`no sign of the focus: ${each.outerHTML.slice(0, 120)}`);
    if (each.tabIndex > 0) found.push(`out of its order: ${each.outerHTML.slice(0, 120)}`);
  }
  document.activeElement.blur();
  return found.slice(0, 5);
}
"""


async def unseen(page: Page) -> list[str]:
    """Return what takes the focus without showing it, or before the way past the bar."""
    await page.keyboard.press("Tab")
    found: list[str] = await page.evaluate(_UNSEEN)
    return found
