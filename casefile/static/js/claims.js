// Marks the words chosen in a draft as a new claim; the server gives it its number.

for (const place of document.querySelectorAll("[data-mark-claim]")) {
  const text = document.getElementById(place.dataset.markClaim);
  const told = place.querySelector("[data-nothing]");
  place.hidden = false;
  place.querySelector("button").addEventListener("click", () => {
    const { selectionStart: start, selectionEnd: end } = text;
    const words = text.value.slice(start, end);
    const kept = words.trim();
    told.textContent = kept ? "" : told.dataset.nothing;
    if (!kept) return;
    const from = start + words.indexOf(kept);
    text.setRangeText(`[${kept}](c:)`, from, from + kept.length, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });
}
