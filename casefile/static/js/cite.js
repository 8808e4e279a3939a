// Puts the code of a piece of evidence where the cursor stands in the text.

for (const list of document.querySelectorAll("[data-cite]")) {
  const text = document.getElementById(list.dataset.cite);
  for (const button of list.querySelectorAll("[data-code]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const before = text.value.slice(0, text.selectionStart);
      const space = before && !/\s$/.test(before) ? " " : "";
      text.setRangeText(space + button.dataset.code, text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
      text.focus();
    });
  }
}
