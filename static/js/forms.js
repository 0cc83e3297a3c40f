// What both shells do with forms. Everything here is comfort: each page works without it.

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- questions (components/dialog.html) become native dialogs -------------------------------------------

function ask(details) {
  const body = find(".ask__body", details);
  const dialog = document.createElement("dialog");
  dialog.className = "box";
  dialog.setAttribute("aria-labelledby", find(".ask__title", body).id);
  details.after(dialog);
  dialog.append(body);
  dialog.addEventListener("close", () => {
    details.append(body);
    dialog.remove();
    find("summary", details).focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  details.open = false;
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const summary = event.target.closest?.("details[data-ask] > summary");
  if (!summary) return;
  event.preventDefault();
  ask(summary.parentElement);
});

// A question that came back with something to mend stands open.
for (const details of all("details[data-ask][open]")) ask(details);

// --- one press, one submission --------------------------------------------------------------------------

function release(form) {
  delete form.dataset.sent;
  for (const button of all("[aria-busy]", form)) button.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(release, 8000, form);
});

window.addEventListener("pageshow", () => all("form[data-sent]").forEach(release));

// --- a form that was touched is not replaced under somebody's hands -------------------------------------

document.addEventListener("input", (event) => {
  if (event.target.form) event.target.form.dataset.touched = "yes";
});

find("[data-focus]")?.focus();
