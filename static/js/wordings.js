// The page where a message's words are changed. Everything here is comfort: the page works without it.

const form = document.getElementById("wording");
const writable = (element) => element?.matches?.("#wording input[type=text], #wording textarea");
let field = form.elements.text;

form.addEventListener("focusin", ({ target }) => {
  if (writable(target)) field = target;
});

// A name goes where the cursor stood last, or to the end; two names never run into one word.
for (const element of form.querySelectorAll("input[type=text], textarea")) {
  element.setSelectionRange(element.value.length, element.value.length);
}
for (const button of document.querySelectorAll("[data-put]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    field.focus();
    const gap = field.value.slice(0, field.selectionStart).endsWith("}}") ? " " : "";
    field.setRangeText(gap + button.dataset.put, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// The words are looked at while they are typed.
form.querySelector("[data-peek]").hidden = true;
