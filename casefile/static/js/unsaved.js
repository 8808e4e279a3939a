// Asks before somebody leaves a form in which they have written something.

const forms = [...document.querySelectorAll("form[data-unsaved]")];
const first = new Map(forms.map((form) => [form, fingerprint(form)]));
// A form that came back with something to mend was changed before this page was made.
const returned = new Set(forms.filter((form) => document.querySelector("[data-problem]") && form));
const sent = new Set();

function fingerprint(form) {
  return JSON.stringify(
    [...new FormData(form)]
      .filter(([name]) => name !== "csrf_token")
      .map(([name, value]) => [name, value instanceof File ? `${value.name} ${value.size}` : value]),
  );
}

function isChanged(form) {
  return !sent.has(form) && (returned.has(form) || fingerprint(form) !== first.get(form));
}

for (const form of forms) {
  form.addEventListener("submit", () => sent.add(form));
  // Fired when sending failed or was not begun: the words are again only on this page.
  form.addEventListener("casefile:kept", () => sent.delete(form));
}

// Back from another page: the browser may show this one as it was left.
window.addEventListener("pageshow", () => sent.clear());

window.addEventListener("beforeunload", (event) => {
  if (forms.some(isChanged)) event.preventDefault();
});
