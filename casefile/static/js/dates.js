// Keeps "3 minutes ago" true on a page that stays open.

const EVERY_MS = 60_000;
const STEPS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });

function update() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("time[data-ago]")) {
    const seconds = (Date.parse(element.dateTime) - Date.now()) / 1000;
    const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
    if (step && Math.abs(seconds) < 7 * 86_400) {
      element.textContent = words.format(Math.trunc(seconds / step[1]), step[0]);
    }
  }
}

setInterval(update, EVERY_MS);
