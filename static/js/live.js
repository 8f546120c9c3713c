// Keeps the parts of a page marked data-live up to date: asks the page again now and then, and changes nothing that is
// in use. data-live-every says how often, in milliseconds. Without this module the page is the same, as of when it was opened.
const EVERY = Number(document.querySelector("[data-live-every]")?.dataset.liveEvery) || 30_000;

const busy = (part) => part.contains(document.activeElement) || part.querySelector("details[open]") !== null;

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const newer = fresh.getElementById(part.id);
    if (!newer) return location.reload(); // the page has become another one
    if (!busy(part)) part.replaceChildren(...newer.childNodes);
  }
}

setInterval(() => refresh().catch(() => {}), EVERY);
