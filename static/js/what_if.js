// Simulates while one types: asks this same page with the form's values and takes its result. Without this module the
// form is sent by its buttons and shows the same.
const PAUSE = 400;
const form = document.getElementById("what-if");
const result = document.getElementById("what-if-result");
const figures = [...form.querySelectorAll("input[inputmode=numeric]")];
let waiting, asked;

async function simulate() {
  asked?.abort();
  asked = new AbortController();
  const address = `${location.pathname}?${new URLSearchParams(new FormData(form))}`;
  const answer = await fetch(address, { credentials: "same-origin", signal: asked.signal });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(result.id);
  if (!fresh) return;
  result.replaceChildren(...fresh.childNodes);
  history.replaceState(null, "", address);
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  if (figures.every((field) => /^[\d\s]*$/.test(field.value))) waiting = setTimeout(() => simulate().catch(() => {}), PAUSE);
});
