// A thread asks for news only while someone looks at it, and not at all once it is gone.

const limit = 2000;
const shownFrom = 1800;
const isPoll = (event) => event.target.matches("[data-poll]");
const composer = () => document.getElementById("write");
let composerTop = 0;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isPoll(event) && document.hidden) event.preventDefault();
});

document.addEventListener("htmx:responseError", (event) => {
  if (isPoll(event) && event.detail.xhr.status === 404) event.target.remove();
});

// What one is typing stays where it is on the screen when a message comes in above it.
document.addEventListener("htmx:beforeSwap", () => {
  composerTop = composer().getBoundingClientRect().top;
});

document.addEventListener("htmx:afterSettle", () => {
  if (!composer().contains(document.activeElement)) return;
  window.scrollBy(0, composer().getBoundingClientRect().top - composerTop);
});

// Characters as people see them: an emoji with its skin tone is one. Made when somebody
// writes, as it takes a while.
let characters;

document.addEventListener("input", (event) => {
  const count = composer()?.querySelector("[data-count]");
  if (!count || event.target.name !== "body") return;
  characters ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  const length = [...characters.segment(event.target.value.trim())].length;
  const isNear = length >= shownFrom;
  count.textContent = isNear
    ? `${length.toLocaleString("en-GB")} of ${limit.toLocaleString("en-GB")} characters`
    : "";
});
