// What a page does beyond HTML. Without it everything works: values are selected by a click, numbers move on a reload.
"use strict";

document.documentElement.classList.add("scripted");

// A button beside a value copies it.
const COPIED_MS = 2000;
document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  const source = button && document.getElementById(button.dataset.copy);
  if (!source) return;
  const isCopied = await copy(source);
  const label = button.textContent;
  button.textContent = isCopied ? button.dataset.copied : button.dataset.byKeys;
  button.disabled = true;
  setTimeout(() => {
    button.textContent = label;
    button.disabled = false;
    button.focus();
  }, COPIED_MS);
});

async function copy(source) {
  try {
    // Only over TLS and on loopback.
    await navigator.clipboard.writeText(source.textContent.trim());
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}

// Parts of a page that the server sends again when they have changed. A tab in the background listens to nothing, so
// that many open tabs do not use up the browser's connections.
const live = document.querySelector("[data-live]");
if (live && "EventSource" in window) {
  let source;
  const close = () => {
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    source = new EventSource(live.dataset.live || location.pathname + location.search);
    source.addEventListener("region", ({ data }) => replace(JSON.parse(data)));
    source.addEventListener("gone", () => {
      close();
      location.reload();
    });
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  if (!document.hidden) open();
}

function replace({ name, html }) {
  const region = document.querySelector(`[data-region="${CSS.escape(name)}"]`);
  // What somebody is about to copy stays as it is until the next change.
  if (!region || (!getSelection().isCollapsed && region.contains(getSelection().anchorNode))) return;
  const active = document.activeElement;
  const href = region.contains(active) ? active.getAttribute("href") : null;
  region.innerHTML = html;
  if (href !== null) region.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus();
}
