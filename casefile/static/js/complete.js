// Completion for the search box: a combobox with a list, after the ARIA 1.2 pattern. The words come from the server.

const PAUSE_MS = 150;
const SHORTEST = 2;
const input = document.querySelector("[data-complete]");

function start() {
  const list = document.createElement("ul");
  list.id = `${input.id}-list`;
  list.className = "completions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.completeLabel);
  list.hidden = true;
  input.form.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
  })) {
    input.setAttribute(name, value);
  }

  let chosen = -1;
  let typed = "";
  let timer = 0;
  let request = null;

  function close() {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    const options = [...list.children];
    chosen = (index + options.length + 1) % (options.length + 1);
    if (chosen === options.length) chosen = -1;
    for (const [position, option] of options.entries()) {
      option.setAttribute("aria-selected", String(position === chosen));
    }
    if (chosen < 0) {
      input.removeAttribute("aria-activedescendant");
      input.value = typed;
    } else {
      input.setAttribute("aria-activedescendant", options[chosen].id);
      input.value = options[chosen].textContent;
    }
  }

  function show(words) {
    list.replaceChildren(
      ...words.map((word, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.textContent = word;
        return option;
      }),
    );
    chosen = -1;
    list.hidden = words.length === 0;
    input.setAttribute("aria-expanded", String(words.length > 0));
    input.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    typed = input.value;
    if (typed.trim().length < SHORTEST) {
      close();
      return;
    }
    request?.abort();
    request = new AbortController();
    try {
      const url = new URL(input.dataset.complete, location.href);
      url.searchParams.set("q", typed);
      const answer = await fetch(url, {
        signal: request.signal,
        headers: { Accept: "application/json", "X-Requested-With": "fetch" },
      });
      if (!answer.ok || answer.redirected) return;
      const words = await answer.json();
      if (document.activeElement === input && input.value === typed) show(words);
    } catch {
      // Without suggestions the box is still a search box.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });

  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const below = event.key === "ArrowDown";
      choose(below ? chosen + 1 : (chosen < 0 ? list.children.length - 1 : chosen - 1));
    } else if (event.key === "Escape") {
      event.preventDefault();
      input.value = typed;
      close();
    } else if (event.key === "Tab") {
      close();
    }
  });

  list.addEventListener("pointerdown", (event) => {
    const option = event.target.closest("[role='option']");
    if (!option) return;
    event.preventDefault();
    input.value = option.textContent;
    close();
    input.form.requestSubmit();
  });

  input.addEventListener("blur", close);
  input.form.addEventListener("submit", close);
}

if (input) start();
