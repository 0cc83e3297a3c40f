// The page where a message's words are changed. Everything here is comfort: the page works without it.

const form = document.getElementById("wording");
const writable = (element) => element?.matches?.("#wording input[type=text], #wording textarea");
let field = form.elements.text;

form.addEventListener("focusin", ({ target }) => {
  if (writable(target)) field = target;
});

// A name goes where the cursor stood last.
for (const button of document.querySelectorAll("[data-put]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    field.focus();
    field.setRangeText(button.dataset.put, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// The words are looked at while they are typed.
form.querySelector("[data-peek]").hidden = true;
