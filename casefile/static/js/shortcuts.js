// Keys for whoever wants them: "/" to search, "?" for the list, and every link that names its keys in data-keys.

const STORE = "casefile.shortcuts";
const SEQUENCE_MS = 1200;
const dialog = document.getElementById("shortcuts");
const toggle = dialog?.querySelector("[data-shortcuts-switch]");
let typed = "";
let timer = 0;

// Some browsers refuse any storage; the keys then simply stay on.
function enabled() {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
}

function isTyping(target) {
  return target.isContentEditable || target.matches("input, textarea, select") || target.closest("dialog");
}

function listKeys() {
  const list = dialog.querySelector("dl");
  for (const link of document.querySelectorAll("[data-keys]")) {
    const row = document.createElement("div");
    const name = document.createElement("dt");
    const keys = document.createElement("dd");
    name.textContent = link.innerText.trim() || link.textContent.trim();
    for (const [index, key] of link.dataset.keys.split(" ").entries()) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      keys.append(index ? " " : "", cap);
    }
    row.append(name, keys);
    list.append(row);
  }
}

function showList() {
  if (!dialog.dataset.listed) {
    dialog.dataset.listed = "yes";
    listKeys();
  }
  dialog.showModal();
}

function follow(key) {
  const candidate = typed ? `${typed} ${key}` : key;
  const links = [...document.querySelectorAll("[data-keys]")];
  const exact = links.find((link) => link.dataset.keys === candidate);
  const longer = links.some((link) => link.dataset.keys.startsWith(`${candidate} `));
  clearTimeout(timer);
  typed = longer ? candidate : "";
  if (longer) timer = setTimeout(() => { typed = ""; }, SEQUENCE_MS);
  if (exact) exact.click();
  return Boolean(exact || longer);
}

if (dialog) {
  toggle.checked = enabled();
  toggle.addEventListener("change", () => localStorage.setItem(STORE, toggle.checked ? "on" : "off"));
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  for (const opener of document.querySelectorAll("[data-open='shortcuts']")) {
    opener.addEventListener("click", () => {
      opener.closest("details")?.removeAttribute("open");
      showList();
    });
  }
}

document.addEventListener("keydown", (event) => {
  if (!enabled() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) return;
  if (event.key === "?" && dialog) {
    event.preventDefault();
    showList();
    return;
  }
  const box = document.querySelector(`[data-focus-key="${CSS.escape(event.key)}"]`);
  if (box) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key.length === 1 && follow(event.key)) {
    event.preventDefault();
  }
});
