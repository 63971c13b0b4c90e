"""What is broken about how a page lies there: measured in the browser, told in words."""

from playwright.async_api import Page

# Text within a box that scrolls by itself may lie outside the window; what a box cuts may not.
_TROUBLES = r"""
async () => {
  await new Promise((laid) => requestAnimationFrame(() => requestAnimationFrame(laid)));
  const width = document.documentElement.clientWidth;
  const found = [], texts = [];
  const name = (each) => {
    const words = each.textContent.trim().replace(/\s+/g, " ").slice(0, 40);
    return `${each.tagName.toLowerCase()}.${each.getAttribute("class") || ""} “${words}”`;
  };
  const isHeard = (each) => getComputedStyle(each).clipPath === "inset(50%)"; // and not seen
  const shown = (each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !each.closest(".skip, svg, option, script, [inert]") && !above(each, isHeard);
  const above = (each, is) => {
    for (let box = each; box && box !== document.body; box = box.parentElement) {
      if (is(box)) return box;
    }
    return null;
  };
  const floats = (each) => ["sticky", "fixed"].includes(getComputedStyle(each).position);
  const across = (box) => getComputedStyle(box).overflowX;
  const within = (each, ways) => above(each, (box) => ways.includes(across(box)));
  const boxes = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((box) => box.width >= 1 && box.height >= 1);
  };
  if (document.documentElement.scrollWidth > width) found.push("the page scrolls sideways");

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, owner = node.parentElement;
    if (!node.data.trim() || !shown(owner)) continue;
    const scrolls = within(owner, ["auto", "scroll"]), cuts = within(owner, ["hidden", "clip"]);
    const edge = cuts && cuts.getBoundingClientRect();
    for (const box of boxes(node)) {
      if (!scrolls && (box.right > width + 1 || box.left < -1)) {
        found.push(`outside the window: ${name(owner)}`);
      }
      if (edge && (box.right > edge.right + 1 || box.left < edge.left - 1)) {
        found.push(`cut: ${name(owner)}`);
      }
      if (!scrolls && !above(owner, floats)) texts.push({ box, owner, node });
    }
  }
  texts.sort((one, other) => one.box.top - other.box.top);
  texts.forEach((one, nth) => {
    for (const other of texts.slice(nth + 1)) {
      if (other.box.top >= one.box.bottom - 5) break;
      const right = Math.min(one.box.right, other.box.right);
      const over = right - Math.max(one.box.left, other.box.left);
      const down = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
      if (one.node !== other.node && over > 3 && down > 5) {
        found.push(`one over the other: ${name(one.owner)} and ${name(other.owner)}`);
      }
    }
  });
  return [...new Set(found)].slice(0, 8);
}
"""
_HIDDEN_DOORS = r"""
() => {
  const row = document.querySelector(".bar > nav");
  if (!row || !row.checkVisibility()) return [];
  const edge = row.getBoundingClientRect();
  return [...row.querySelectorAll(":scope > a, summary")]
    .filter((each) => each.checkVisibility() && each.getBoundingClientRect().right > edge.right + 1)
    .map((each) => `not in the bar: ${each.textContent.trim()}`);
}
"""


async def troubles(page: Page) -> list[str]:
    """Return what is outside the window, cut off, or one over the other."""
    found: list[str] = await page.evaluate(_TROUBLES)
    return found


async def hidden_doors(page: Page) -> list[str]:
    """Return what of the bar's row of pages has no room in it."""
    found: list[str] = await page.evaluate(_HIDDEN_DOORS)
    return found
