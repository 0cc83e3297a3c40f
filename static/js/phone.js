// Link pages. Everything here is comfort: each page works without it.

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- parts marked data-live renew themselves --------------------------------------------------------------

const seconds = Number(find("main[data-refresh]")?.dataset.refresh);

async function refresh() {
  if (document.hidden) return;
  try {
    const response = await fetch(location.href, { headers: { "X-Poll": "1" }, cache: "no-store" });
    if (!response.ok) throw new Error(String(response.status));
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    // A page of another stage or shape has other words and buttons: it is loaded whole, unless somebody is typing.
    const parts = all("[data-live]");
    const turned = find("main", fresh)?.dataset.stage !== find("main").dataset.stage;
    if (turned || parts.some((part) => !fresh.getElementById(part.id))) {
      if (!find("input:focus, textarea:focus, [data-touched]")) location.reload();
      return;
    }
    for (const part of parts) {
      const next = fresh.getElementById(part.id);
      if (next.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
        part.replaceChildren(...document.importNode(next, true).childNodes);
        part.className = next.className;
      }
    }
    mark();
    find("[data-lost]").hidden = true;
  } catch {
    find("[data-lost]").hidden = false;
  }
}

function mark() {
  for (const says of all("[data-by-itself]")) says.hidden = false;
}

if (seconds) {
  mark();
  setInterval(refresh, seconds * 1000);
  document.addEventListener("visibilitychange", refresh);
}

// --- the count on "I can take 2 dates" ---------------------------------------------------------------------------

// <button data-tally="date" data-none="I can take none" data-one="I can take 1 date" data-many="I can take {n} dates">
for (const button of all("[data-tally]")) {
  const { tally, none, one, many } = button.dataset;
  const say = () => {
    const count = all(`input[name="${tally}"]:checked`).length;
    button.textContent = count === 0 ? none : count === 1 ? one : many.replace("{n}", count);
    button.disabled = count === 0;
  };
  document.addEventListener("change", say);
  say();
}

// --- share and copy, where the phone can ----------------------------------------------------------------------------

for (const button of all("[data-share]")) {
  const text = button.dataset.share;
  if (navigator.share || navigator.clipboard) button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      if (navigator.share) await navigator.share({ text });
      else {
        await navigator.clipboard.writeText(text);
        button.textContent = button.dataset.done ?? button.textContent;
      }
    } catch {
      // The person closed the sheet: nothing to say.
    }
  });
}
