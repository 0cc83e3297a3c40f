// Staff pages. Everything here is comfort: each page works without it.

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- keys: "/" looks for a patient, Escape closes the menu ------------------------------------------

const isTyping = (element) => element?.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
    const field = find("[data-find]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  }
  if (event.key === "Escape") {
    const menu = find("[data-menu][open]");
    if (menu) {
      menu.open = false;
      find("summary", menu).focus();
    }
  }
});

document.addEventListener("click", (event) => {
  for (const menu of all("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});

// --- nothing typed is lost when a session ends --------------------------------------------------------------

// Kept in this tab only, for the same person only, for an hour at most.
const KEPT = "homeward:typed";
const person = document.body.dataset.signedIn;
const atTheDoor = location.pathname.startsWith("/account/") && !person;

const readKept = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
const writeKept = (kept) => sessionStorage.setItem(KEPT, JSON.stringify(kept));
const postForms = () => all("form[method=post]");
const actionOf = (form) => form.getAttribute("action") ?? "";

function fields(form) {
  return [...form.elements].filter((field) => field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type));
}

function keepTyped() {
  const forms = postForms()
    .filter((form) => form.dataset.touched)
    .map((form) => ({
      action: actionOf(form),
      values: fields(form).map((field) => [field.name, field.value, field.checked ?? null]),
    }));
  if (person && forms.length) writeKept({ person, path: location.pathname, search: location.search, at: Date.now(), forms });
}

function fillIn(form, values) {
  const seen = {};
  for (const [name, value, checked] of values) {
    seen[name] = (seen[name] ?? -1) + 1;
    const field = fields(form).filter((candidate) => candidate.name === name)[seen[name]];
    if (!field) continue;
    if (["checkbox", "radio"].includes(field.type)) field.checked = checked;
    else field.value = value;
  }
  form.dataset.touched = "yes";
  form.closest("details")?.setAttribute("open", "");
}

function bringBack() {
  const kept = readKept();
  if (!kept) return;
  if (Date.now() - kept.at > 3600e3) sessionStorage.removeItem(KEPT);
  else if (atTheDoor) {
    // Signing in leads back to the page with the form, not to the address it was sent to.
    writeKept({ ...kept, ended: true });
    const form = find("form[action*=login]");
    if (form) {
      const next = find("input[name=next]", form) ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "next" }));
      next.value = kept.path + kept.search;
    }
  } else if (find("[data-back-to-form]")) {
    writeKept({ ...kept, ended: true });
    find("[data-back-to-form]").href = kept.path + kept.search;
  } else if (!person) return;
  else if (!kept.ended || kept.person !== person) sessionStorage.removeItem(KEPT);
  else if (kept.path === location.pathname) {
    sessionStorage.removeItem(KEPT);
    for (const old of kept.forms) {
      const form = postForms().find((candidate) => actionOf(candidate) === old.action);
      if (form) fillIn(form, old.values);
    }
  }
}

// A form sent after the session ended is answered with the sign-in page, so what it holds is kept before it goes.
document.addEventListener("submit", (event) => {
  if (event.target.method === "post") keepTyped();
});

// --- pages that refresh by themselves ---------------------------------------------------------------------------

const show = (name, shown) => {
  const notice = find(`[data-${name}]`);
  if (notice) notice.hidden = !shown;
};

const isSignIn = (response) => response.redirected && new URL(response.url).pathname.startsWith("/account/");

const isPoll = (source) => /every/.test(source?.getAttribute?.("hx-trigger") ?? "");

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx.sourceElement)) ctx.request.headers["X-Poll"] = "1";
});

document.addEventListener("htmx:before:request", (event) => {
  // While a question is open or an answer is on its way, the page behind holds still.
  if (isPoll(event.detail.ctx.sourceElement) && find("dialog[open], details.ask[open], [data-menu][open], form[data-sent], .is-held")) event.preventDefault();
});

document.addEventListener("htmx:before:response", (event) => {
  const { raw, status } = event.detail.ctx.response;
  if (isSignIn(raw) || status === 401) {
    event.preventDefault();
    ended();
  }
});

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  show("lost", ctx.response.status >= 500);
  if (ctx.response.status >= 500) event.preventDefault();
});

document.addEventListener("htmx:error", () => show("lost", true));
window.addEventListener("offline", () => show("lost", true));
window.addEventListener("online", () => show("lost", false));

function ended() {
  keepTyped();
  show("ended", true);
  const link = find("[data-sign-in]");
  if (link && !link.search) link.search = new URLSearchParams({ next: location.pathname + location.search });
}

// --- passkeys: say it in words when the browser or the person says no ----------------------------------------------

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const notice = find("[data-passkey-failed]");
  if (notice) {
    notice.hidden = false;
    notice.focus();
  }
});

// --- at the start ------------------------------------------------------------------------------------------------------

for (const button of all("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
bringBack();
find(".bar__nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
