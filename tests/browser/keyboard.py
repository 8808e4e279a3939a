"""Working without a mouse, and seeing at every step where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MOST_STEPS = 80
# The mark may stand on the element or on what frames it, such as the zone around a file box.
FOCUS_TROUBLE = """
() => {
  const element = document.activeElement;
  if (!element || element === document.body) return "";
  const name = element.outerHTML.slice(0, 160);
  const marks = (candidate) => {
    const style = getComputedStyle(candidate);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return outlined || style.boxShadow !== "none";
  };
  const frames = [element, element.parentElement, element.parentElement?.parentElement];
  if (!frames.some((frame) => frame && marks(frame))) return `no mark of focus on ${name}`;
  const box = element.getClientRects()[0];
  if (!box || box.width < 2 || box.height < 2) return `the focus is on something unseen: ${name}`;
  const x = box.left + Math.min(box.width / 2, 12), y = box.top + Math.min(box.height / 2, 12);
  if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return `the focus is off the screen: ${name}`;
  const top = document.elementFromPoint(x, y);
  const seen = top && (element.contains(top) || top.contains(element));
  return seen ? "" : `${name} is hidden behind ${top?.outerHTML.slice(0, 120)}`;
}
"""


def tab_to(page: Page, wanted: Locator) -> int:
    """Press Tab until this has the focus; at every stop the focus must be seen."""
    for steps in range(1, MOST_STEPS):
        page.keyboard.press("Tab")
        trouble = page.evaluate(FOCUS_TROUBLE)
        assert not trouble, trouble
        if wanted.evaluate("(element) => element === document.activeElement"):
            return steps
    msg = f"Tab never came to {wanted}"
    raise AssertionError(msg)


def tab_round(page: Page) -> list[str]:
    """Press Tab through a whole page and return what was wrong at its stops."""
    troubles, first = [], ""
    for _step in range(MOST_STEPS * 4):
        page.keyboard.press("Tab")
        trouble = page.evaluate(FOCUS_TROUBLE)
        if trouble:
            troubles.append(trouble)
        here = page.evaluate(
            "() => document.activeElement === document.body ? '' :"
            " [...document.querySelectorAll('*')].indexOf(document.activeElement).toString()"
        )
        if not here or here == first:
            break
        first = first or here
    return troubles
