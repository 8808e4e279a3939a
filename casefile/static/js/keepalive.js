// While somebody is typing, tells the server so, at most once in five minutes: a session must not end under half a note.

const AT_MOST_EVERY_MS = 5 * 60_000;
const address = document.body.dataset.alive;
const warning = document.getElementById("signed-out");
let last = Date.now();

async function tell() {
  last = Date.now();
  try {
    const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
    // A redirect to the sign-in page, or a refusal, means that the session is gone.
    const gone = answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403;
    warning.hidden = !gone;
  } catch {
    // No network at the moment; the next keystroke after the pause tries again.
  }
}

if (address && warning) {
  for (const form of document.querySelectorAll("form[data-keepalive]")) {
    form.addEventListener("input", () => {
      if (Date.now() - last > AT_MOST_EVERY_MS) tell();
    });
  }
}
