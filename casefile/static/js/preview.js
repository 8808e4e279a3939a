// Adds a Preview tab to the note form. The server turns Markdown into HTML, here as on the finished page.

const editor = document.querySelector("[data-preview]");

function start() {
  const tabs = [...editor.querySelectorAll("[role='tab']")];
  const [write, preview] = tabs.map((tab) => document.getElementById(tab.getAttribute("aria-controls")));
  const text = write.querySelector("textarea");
  let request = null;

  for (const tab of tabs) {
    const panel = document.getElementById(tab.getAttribute("aria-controls"));
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
      event.preventDefault();
      const other = tabs[1 - tabs.indexOf(tab)];
      select(other);
      other.focus();
    });
  }
  editor.querySelector("[role='tablist']").hidden = false;

  function select(chosen) {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !on;
    }
    if (chosen === tabs[1]) render();
  }

  async function render() {
    request?.abort();
    if (!text.value.trim()) {
      preview.textContent = preview.dataset.empty;
      return;
    }
    request = new AbortController();
    preview.textContent = preview.dataset.waiting;
    const body = new FormData();
    body.set("csrf_token", text.form.elements.csrf_token.value);
    body.set("body", text.value);
    try {
      const answer = await fetch(editor.dataset.preview, {
        method: "POST",
        body,
        signal: request.signal,
        headers: { "X-Requested-With": "fetch" },
      });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      preview.replaceChildren(...page.body.childNodes);
    } catch (error) {
      if (error.name !== "AbortError") preview.textContent = preview.dataset.failed;
    }
  }
}

if (editor) start();
