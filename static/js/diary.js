// Carrying a visit across the schedule: by mouse, or by keyboard. Putting it down saves nothing: it leads to the page
// that shows what would change. Everything here is comfort; each visit also has its "Move" link.

const STEP = 5;
const QUARTER = 15;
const MIDNIGHT = 24 * 60;
const FAR_ENOUGH = 6; // pixels before a press becomes a drag

const find = (selector, root = document) => root.querySelector(selector);
const isWide = () => matchMedia("(min-width: 48.01rem)").matches;
const board = () => find("[data-diary]");
const tracks = () => [...document.querySelectorAll(".lane__track")];
const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const bounds = () => [Number(board().dataset.first) * 60, Number(board().dataset.last) * 60];

let held = null; // what is carried: { block, name, minutes, from: {track, start}, to: {track, start} or null, place }
let pressed = null; // where the button went down on a visit, before we know whether it is a drag

// --- saying it --------------------------------------------------------------------------------------

function say(which, at) {
  const words = { name: held.name, time: clock(at.start), lane: at.track.dataset.name };
  const carry = find("#carry");
  carry.textContent = carry.dataset[which].replace(/%\((\w+)\)s/g, (_all, word) => words[word]);
}

// --- picking up, showing, putting down ------------------------------------------------------------------

function pickUp(block) {
  const { name, minutes, start } = block.dataset;
  const from = { track: block.closest(".lane__track"), start: Number(start) };
  held = { block, name, minutes: Number(minutes), from, to: from, place: document.createElement("div") };
  held.place.append(document.createElement("b"));
  block.classList.add("is-held");
  document.body.classList.add("is-carrying");
  show();
}

function show() {
  const { place, to, minutes } = held;
  if (!to) return place.remove();
  const [first] = bounds();
  place.className = `carried c${Math.floor((to.start - first) / STEP) + 1} w${Math.ceil(minutes / STEP)}`;
  place.firstChild.textContent = `${clock(to.start)}–${clock(to.start + minutes)}`;
  to.track.append(place);
}

const fits = (start) => {
  const [first, last] = bounds();
  return start >= first && start < last && start + held.minutes <= MIDNIGHT;
};

function letGo(which) {
  say(which, held.from);
  held.place.remove();
  held.block.classList.remove("is-held");
  document.body.classList.remove("is-carrying");
  held = null;
}

function putDown() {
  const { block, from, to } = held;
  if (!to) return letGo("edge");
  if (to.track === from.track && to.start === from.start) return letGo("back");
  const { drop, by } = board().dataset;
  const asked = new URLSearchParams({ visit: block.dataset.visit, version: block.dataset.version });
  asked.set("at", `${to.track.dataset.day}T${clock(to.start)}`);
  asked.set(by, to.track.dataset.lane);
  location.assign(`${drop}?${asked}`);
}

// --- by mouse or pen: a finger scrolls, and has the "Move" link ---------------------------------------------

const minutesPerPixel = (track) => {
  const [first, last] = bounds();
  return (last - first) / track.getBoundingClientRect().width;
};

document.addEventListener("pointerdown", (event) => {
  const block = event.target.closest?.(".visit[data-visit]");
  if (held || !block || event.button !== 0 || event.pointerType === "touch" || !isWide() || event.target.closest(".visit__move")) return;
  pressed = { block, x: event.clientX, y: event.clientY };
});

document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.(".visit, .gap")) event.preventDefault();
});

document.addEventListener("pointermove", (event) => {
  if (!pressed) return;
  if (!held) {
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < FAR_ENOUGH) return;
    pickUp(pressed.block);
  }
  const track = document.elementFromPoint(event.clientX, event.clientY)?.closest(".lane__track");
  const moved = track ? (event.clientX - pressed.x) * minutesPerPixel(track) : 0;
  const start = Math.round((held.from.start + moved) / QUARTER) * QUARTER;
  const near = Math.abs(moved) < QUARTER / 2 ? held.from.start : start;
  held.to = track && fits(near) ? { track, start: near } : null;
  show();
});

document.addEventListener("pointerup", () => {
  pressed = null;
  if (!held) return;
  // The click that ends a drag opens nothing.
  addEventListener("click", opensNothing, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", opensNothing, { capture: true }));
  putDown();
});

function opensNothing(event) {
  event.preventDefault();
  event.stopPropagation();
}

document.addEventListener("pointercancel", giveUp);

function giveUp() {
  pressed = null;
  if (held) letGo("back");
}

// --- by keyboard: m picks up, arrows move, Enter puts down, Escape gives up ------------------------------------

const ARROWS = { ArrowLeft: [-QUARTER, 0], ArrowRight: [QUARTER, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function step([minutes, lanes]) {
  const all = tracks();
  const track = all[all.indexOf(held.to.track) + lanes] ?? held.to.track;
  const start = minutes ? Math.round((held.to.start + minutes) / QUARTER) * QUARTER : held.to.start;
  if (fits(start)) held.to = { track, start };
  show();
  held.place.scrollIntoView({ block: "nearest", inline: "nearest" });
  say("at", held.to);
}

document.addEventListener("keydown", (event) => {
  if (held) {
    if (event.key in ARROWS && held.to) step(ARROWS[event.key]);
    else if (event.key === "Enter") putDown();
    else if (event.key === "Escape") giveUp();
    else if (event.key === "Tab") return giveUp();
    else return;
    event.preventDefault();
    return;
  }
  const block = event.target.closest?.(".visit[data-visit]");
  if (event.key.toLowerCase() !== "m" || !block || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (!isWide()) return find(".visit__move", block).click();
  pickUp(block);
  say("lifted", held.from);
});

// --- free time: a click in the middle of it means the quarter hour that was clicked, and the pointer shows which ------

const hint = document.createElement("div"); // where a click would book, as long as the shortest visit
hint.append(document.createElement("b"));

function quarterAt(gap, clientX) {
  gap.dataset.begins ??= new URL(gap.href).searchParams.get("at").split("T")[1];
  const [hours, minutes] = gap.dataset.begins.split(":").map(Number);
  const first = hours * 60 + minutes;
  const into = (clientX - gap.getBoundingClientRect().left) * minutesPerPixel(gap.parentElement);
  const at = first + Math.max(Math.floor(into / QUARTER) * QUARTER, 0);
  return Math.max(Math.min(at, Number(gap.dataset.gap)), first);
}

document.addEventListener("pointermove", (event) => {
  const gap = event.target.closest?.("a[data-gap]");
  if (!gap || held || pressed || event.pointerType === "touch" || !isWide()) return hint.remove();
  const at = quarterAt(gap, event.clientX);
  hint.className = `carried c${Math.floor((at - bounds()[0]) / STEP) + 1} w${Math.ceil(Number(board().dataset.shortest) / STEP)}`;
  hint.firstChild.textContent = find("#carry").dataset.book.replace("%(time)s", clock(at));
  gap.parentElement.append(hint);
});

document.addEventListener("click", (event) => {
  const gap = event.target.closest?.("a[data-gap]");
  if (!gap || !event.detail || !isWide()) return;
  const address = new URL(gap.href);
  const [day] = address.searchParams.get("at").split("T");
  address.searchParams.set("at", `${day}T${clock(quarterAt(gap, event.clientX))}`);
  gap.href = address.href;
}, { capture: true });

// --- what is being carried is not swept away by a refresh that was on its way ---------------------------------------

document.addEventListener("htmx:before:response", (event) => {
  if (held) event.preventDefault();
});
addEventListener("blur", () => {
  if (pressed) giveUp();
});
