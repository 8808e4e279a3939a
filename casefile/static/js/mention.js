// Offers the people of the case after an @ in a text. Without a script a username is typed as it is.

const BEFORE_CARET = /(?:^|[^\w@./+-])@([\w.-]*)$/;
const MOST_SHOWN = 8;

function start(text) {
  const people = [...document.getElementById(text.dataset.mention).options].map((option) => ({
    username: option.value,
    name: option.textContent.trim(),
  }));
  if (!people.length) return;
  const list = document.createElement("ul");
  list.id = `${text.id}-people`;
  list.className = "completions mention-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", text.dataset.mentionLabel);
  list.hidden = true;
  const said = document.createElement("p");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  const mirror = document.createElement("div");
  mirror.className = "mention-mirror";
  mirror.setAttribute("aria-hidden", "true");
  text.after(list, said, mirror);
  text.parentElement.classList.add("mention-field");
  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-controls", list.id);

  let chosen = 0;
  let typed = "";

  function close() {
    list.hidden = true;
    said.textContent = "";
    text.removeAttribute("aria-activedescendant");
  }

  function place() {
    const look = getComputedStyle(text);
    for (const name of ["font", "letterSpacing", "padding", "borderWidth", "lineHeight"]) {
      mirror.style[name] = look[name];
    }
    mirror.style.width = `${text.clientWidth}px`;
    const caret = document.createElement("span");
    caret.textContent = "@";
    mirror.replaceChildren(text.value.slice(0, text.selectionStart - typed.length - 1), caret);
    const below = caret.offsetTop + caret.offsetHeight - text.scrollTop;
    list.style.top = `${text.offsetTop + Math.min(below, text.clientHeight) + 4}px`;
    const room = text.offsetLeft + text.offsetWidth - list.offsetWidth;
    list.style.left = `${Math.max(text.offsetLeft, Math.min(text.offsetLeft + caret.offsetLeft, room))}px`;
  }

  function mark(index) {
    const options = [...list.children];
    chosen = (index + options.length) % options.length;
    for (const [position, option] of options.entries()) {
      option.setAttribute("aria-selected", String(position === chosen));
    }
    text.setAttribute("aria-activedescendant", options[chosen].id);
  }

  function look() {
    const before = text.value.slice(0, text.selectionStart);
    const found = text.selectionStart === text.selectionEnd && BEFORE_CARET.exec(before);
    if (!found) {
      close();
      return;
    }
    typed = found[1].toLowerCase();
    const fitting = people.filter(
      ({ username, name }) =>
        username.startsWith(typed) ||
        name.toLowerCase().split(/\s+/).some((word) => word.startsWith(typed)),
    );
    if (!fitting.length || fitting.some(({ username }) => username === typed)) {
      close();
      return;
    }
    list.replaceChildren(
      ...fitting.slice(0, MOST_SHOWN).map(({ username, name }, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.dataset.username = username;
        option.setAttribute("role", "option");
        const handle = document.createElement("strong");
        handle.textContent = `@${username}`;
        option.append(handle, ` ${name}`);
        return option;
      }),
    );
    list.hidden = false;
    place();
    said.textContent = text.dataset.mentionHint;
    mark(0);
  }

  function put(option) {
    const end = text.selectionStart;
    text.setRangeText(`@${option.dataset.username} `, end - typed.length - 1, end, "end");
    close();
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  }

  text.addEventListener("input", look);
  text.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      put(list.children[chosen]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  list.addEventListener("pointerdown", (event) => {
    const option = event.target.closest("[role='option']");
    if (!option) return;
    event.preventDefault();
    put(option);
  });
  text.addEventListener("blur", close);
}

for (const text of document.querySelectorAll("textarea[data-mention]")) start(text);
