// While the text of a file is being read, asks for this page again and takes over the region that says how far it is.

const FIRST_MS = 1500;
const LONGEST_MS = 20_000;
const GIVE_UP_MS = 10 * 60_000;
const started = Date.now();
let pause = FIRST_MS;

async function look() {
  const region = document.querySelector("[data-poll]");
  if (!region || Date.now() - started > GIVE_UP_MS) return;
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = page.getElementById(region.id);
      if (now && now.textContent !== region.textContent) {
        region.replaceChildren(...now.childNodes);
      }
      if (now && !now.hasAttribute("data-poll")) region.removeAttribute("data-poll");
    } catch {
      // No network at the moment: the next look may have it.
    }
  }
  pause = Math.min(pause * 1.4, LONGEST_MS);
  setTimeout(look, pause);
}

setTimeout(look, pause);
