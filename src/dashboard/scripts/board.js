// Bull Board draws itself anew every few seconds, without a name for its buttons and with headings out of order. This
// adds after each drawing what is missing, and changes nothing that the board has said well.
"use strict";

const words = JSON.parse(document.getElementById("board-words").textContent);
// What the board said before we added to it, so that its own next word is known from ours.
const saidBefore = new WeakMap();

/** Elements whose meaning is given by others, or by nobody; and none is hidden that takes the focus. */
function hideDecoration() {
  for (const guard of document.querySelectorAll("[aria-hidden=true][tabindex='0']"))
    guard.removeAttribute("aria-hidden");
  for (const drawing of document.querySelectorAll(
    "svg[role=img]:not([aria-label], [aria-labelledby], :has(> title))",
  )) {
    drawing.removeAttribute("role");
    set(drawing, "aria-hidden", "true");
  }
  for (const image of document.querySelectorAll("a > img[alt]:not([alt=''])"))
    if (textOf(image.parentElement) !== "") image.alt = "";
}

function nameButtons() {
  for (const button of document.querySelectorAll("button, [role=button]")) {
    const text = textOf(button);
    const now = button.getAttribute("aria-label") ?? "";
    const before = saidBefore.get(button);
    const own = before?.ours === now ? before.own : now;
    const ours = nameOf(button, own, text);
    if (ours === "" || ours === own) continue;
    saidBefore.set(button, { own, ours });
    set(button, "aria-label", ours);
  }
}

/** Who speaks to a computer says what is seen, so a name begins with the text; a button without one is called after its icon. */
function nameOf(button, own, text) {
  if (own !== "")
    return text === "" || own.toLowerCase().includes(text.toLowerCase()) ? own : `${text}: ${own}`;
  if (text !== "" || button.title !== "" || button.hasAttribute("aria-labelledby")) return "";
  const icon = button.querySelector("svg");
  const icons = [...(icon?.classList ?? [])]
    .filter((name) => name.startsWith("lucide-"))
    .map((name) => name.slice(7));
  const known = icons.find((name) => name in words.icons);
  // One that a later version of the board brings is better called by its drawing than not at all.
  return words.icons[known] ?? icons[0]?.replaceAll("-", " ") ?? words.store;
}

function textOf(element) {
  return element.innerText.replace(/\s+/g, " ").trim();
}

/** One heading of the first level, and below it no level left out; where the board shows none, its title is it. */
function orderHeadings() {
  const title = document.querySelector("header")?.querySelector("span[title]") ?? null;
  const first = [...document.querySelectorAll("h1")].find((heading) => heading.checkVisibility());
  if (title !== null && first === undefined) {
    set(title, "role", "heading");
    set(title, "aria-level", "1");
  } else if (title !== null) {
    title.removeAttribute("role");
    title.removeAttribute("aria-level");
  }
  const above = [1];
  for (const heading of document.querySelectorAll("h2, h3, h4, h5, h6")) {
    const level = Number(heading.tagName.slice(1));
    while (above.at(-1) >= level) above.pop();
    above.push(level);
    set(heading, "aria-level", String(above.length));
  }
}

/** What opens above the page stands beside its landmarks, where nobody looks who goes from one to the next. */
function frameMenus() {
  for (const layer of document.querySelectorAll("body > :not(#root):has([role=menu], [role=listbox])")) {
    set(layer, "role", "region");
    set(layer, "aria-label", words.menu);
  }
}

/** Sets what differs alone: each change is told to the observer below. */
function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

let isDue = false;
function mend() {
  if (isDue) return;
  isDue = true;
  // Once for all changes of a moment, and before it is painted.
  queueMicrotask(() => {
    isDue = false;
    hideDecoration();
    nameButtons();
    orderHeadings();
    frameMenus();
  });
}

new MutationObserver(mend).observe(document.body, {
  ...{ childList: true, characterData: true, subtree: true },
  attributeFilter: ["alt", "aria-hidden", "aria-label", "class", "role", "title"],
});
// Which heading is seen hangs on the width.
addEventListener("resize", mend);
mend();
