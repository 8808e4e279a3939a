// Asks a security key or passkey, and sends on what it answers in the form that asked. Bytes travel as base64url text.

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function readable(options) {
  const known = (options.excludeCredentials ?? options.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const read = { ...options, challenge: bytes(options.challenge) };
  if (options.user) {
    read.user = { ...options.user, id: bytes(options.user.id) };
    read.excludeCredentials = known;
  } else {
    read.allowCredentials = known;
  }
  return read;
}

function written(credential) {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature"]) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

function ask(form) {
  const publicKey = readable(JSON.parse(form.dataset.options));
  return form.dataset.key === "create"
    ? navigator.credentials.create({ publicKey })
    : navigator.credentials.get({ publicKey });
}

for (const notice of document.querySelectorAll("[data-key-without-script]")) notice.hidden = true;

for (const form of document.querySelectorAll("form[data-key]")) {
  const problem = form.querySelector("[data-key-problem]");
  const button = form.querySelector("button[type=submit]");
  const say = (words) => {
    problem.textContent = words;
    problem.hidden = false;
  };

  form.hidden = false;
  if (!window.PublicKeyCredential) {
    button.disabled = true;
    say(form.dataset.unable);
    continue;
  }
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    problem.hidden = true;
    try {
      form.elements.answer.value = written(await ask(form));
      form.requestSubmit();
    } catch (error) {
      say(error.name === "InvalidStateError" ? form.dataset.known : form.dataset.refused);
    }
    button.disabled = false;
  });
}
