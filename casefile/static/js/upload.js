// Files by drag and drop, with a list, one bar for all of them and a way to stop. Sends the form itself, to the same address.

import { isStillSignedIn } from "./keepalive.js";

const form = document.getElementById("upload");
const box = form?.querySelector("[data-drop]");

const language = document.documentElement.lang;
const percent = new Intl.NumberFormat(language, { style: "percent" });

function bytes(count) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(Math.floor(Math.log(Math.max(count, 1)) / Math.log(1024)), units.length - 1);
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[step],
    unitDisplay: step ? "short" : "long",
    maximumFractionDigits: step > 1 ? 1 : 0,
  }).format(count / 1024 ** step);
}

// The file box itself holds the list, so the form is the same with and without this script.
function chosenFiles() {
  const input = box.querySelector("input[type=file]");
  const list = box.querySelector(".drop-list");
  const row = box.querySelector("template");
  const limit = Number(input.dataset.limit);
  let files = [...input.files];

  function keep(next) {
    files = next;
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    show();
  }

  function add(more) {
    const known = new Set(files.map((file) => `${file.name} ${file.size} ${file.lastModified}`));
    keep([...files, ...[...more].filter((file) => !known.has(`${file.name} ${file.size} ${file.lastModified}`))]);
  }

  function show() {
    list.replaceChildren(
      ...files.map((file) => {
        const item = row.content.cloneNode(true);
        const label = item.querySelector("[data-text]");
        item.querySelector(".file-name").textContent = file.name;
        item.querySelector(".drop-size").textContent = bytes(file.size);
        item.querySelector(".drop-problem").hidden = file.size <= limit;
        label.textContent = label.dataset.text.replace("{name}", file.name);
        item.querySelector("button").addEventListener("click", () => {
          keep(files.filter((other) => other !== file));
          input.focus();
        });
        return item;
      }),
    );
    list.hidden = files.length === 0;
    // The browser then refuses to send, before gigabytes have gone for nothing.
    input.setCustomValidity(files.some((file) => file.size > limit) ? box.querySelector("[data-too-large]").textContent : "");
  }

  input.addEventListener("change", () => {
    const picked = [...input.files];
    if (picked.length) add(picked);
    else keep(files);
  });

  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  // A file dropped beside the zone must not replace the page and what was typed on it.
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    box.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) box.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    box.classList.remove("is-over");
    add(event.dataTransfer.files);
  });
  show();
}

function sending() {
  const region = form.querySelector("[data-upload-progress]");
  const text = region.querySelector(".upload-text");
  const bar = region.querySelector("progress");
  const spoken = region.querySelector("[role=status]");
  const problem = form.querySelector("[data-upload-problem]");
  const submit = form.querySelector(".form-actions [type=submit]");
  let request = null;

  function settle(message) {
    request = null;
    submit.disabled = false;
    region.hidden = true;
    spoken.textContent = "";
    form.dispatchEvent(new Event("casefile:kept"));
    if (!message) return;
    problem.replaceChildren(...(typeof message === "string" ? [message] : message.childNodes));
    if (message.dataset?.problem) {
      // From an error page, whose heading stands outside its message.
      const heading = document.createElement("p");
      heading.className = "problems-title";
      heading.textContent = message.dataset.problem;
      problem.prepend(heading);
    }
    problem.hidden = false;
    problem.focus();
  }

  function finished() {
    // 201 with a Location keeps the server's message for the next page; a followed 303 lands on the page itself.
    const created = request.status === 201 && request.getResponseHeader("Location");
    if (created) {
      location.assign(created);
      return;
    }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    if (!page.body.dataset.alive) {
      // Only the sign-in page has no such mark: the session ended while the files were under way.
      isStillSignedIn();
      settle();
    } else if (request.status === 200 && request.responseURL !== form.action) {
      location.assign(request.responseURL);
    } else {
      settle(page.querySelector("[data-problem]") ?? problem.dataset.unknown);
    }
  }

  function report(done, total) {
    const share = done / total;
    bar.value = share;
    text.textContent = text.dataset.pattern
      .replace("{done}", bytes(done))
      .replace("{total}", bytes(total))
      .replace("{percent}", percent.format(share));
    // A screen reader hears the quarters, not every packet.
    const quarter = percent.format(Math.floor(share * 4) / 4);
    if (spoken.textContent !== quarter) spoken.textContent = quarter;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    problem.hidden = true;
    submit.disabled = true;
    if (!(await isStillSignedIn())) {
      settle();
      return;
    }
    region.hidden = false;
    bar.value = 0;
    text.textContent = "";
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    // In a header, so that the server knows the request is genuine before it reads gigabytes.
    request.setRequestHeader("X-CSRFToken", form.elements.csrf_token.value);
    request.upload.addEventListener("progress", (progress) => {
      if (progress.lengthComputable) report(progress.loaded, progress.total);
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      text.textContent = text.dataset.sealing;
      spoken.textContent = text.dataset.sealing;
    });
    request.addEventListener("load", finished);
    request.addEventListener("error", () => settle(problem.dataset.lost));
    request.addEventListener("abort", () => settle(text.dataset.stopped));
    request.send(new FormData(form));
  });

  form.querySelector("[data-upload-cancel]").addEventListener("click", () => request?.abort());
}

if (box) {
  chosenFiles();
  sending();
}
