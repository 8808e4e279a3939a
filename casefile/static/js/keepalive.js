// Keeps what is being written from falling into a session that is gone. While somebody types, the server hears of it,
// at most once in five minutes. Before a form is sent, this asks whether the same person is still signed in: the answer
// to a form sent too late would take the place of what was written.

const AT_MOST_EVERY_MS = 5 * 60_000;
const TWICE_MS = 3000;
const { alive: address, person } = document.body.dataset;
const signedOut = document.getElementById("signed-out");
const unreachable = document.getElementById("unreachable");
let last = Date.now();

export async function isStillSignedIn() {
  last = Date.now();
  let answer = null;
  try {
    answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
  } catch {
    // Without an answer nothing is known; that is said below.
  }
  const reached = answer !== null && answer.status < 500;
  const here = reached && answer.ok && answer.headers.get("X-Person") === person;
  unreachable.hidden = reached;
  signedOut.hidden = !reached || here;
  if (here) {
    // Who signed in again in another tab has a new session, and its forms want its token.
    for (const field of document.querySelectorAll("input[name=csrf_token]")) {
      field.value = answer.headers.get("X-CSRFToken");
    }
  }
  return here;
}

function watch(form) {
  let state = "ready";

  form.addEventListener("input", () => {
    if (Date.now() - last > AT_MOST_EVERY_MS) isStillSignedIn();
  });

  form.addEventListener("submit", async (event) => {
    if (event.defaultPrevented) return;
    if (state === "cleared") {
      state = "sent";
      // An impatient second click does not save twice.
      setTimeout(() => { state = "ready"; }, TWICE_MS);
      return;
    }
    event.preventDefault();
    if (state !== "ready") return;
    state = "asking";
    if (await isStillSignedIn()) {
      state = "cleared";
      form.requestSubmit(event.submitter);
    } else {
      state = "ready";
      form.dispatchEvent(new Event("casefile:kept"));
    }
  });
}

if (address) {
  for (const form of document.querySelectorAll("form[data-keepalive]")) watch(form);
}
