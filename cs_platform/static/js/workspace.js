"use strict";
// Forms that htmx has fetched stand in a dialog; without JavaScript the same links lead to the same forms as pages.
(function () {
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector(".cs-tabs > [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  });

  const sheet = () => document.getElementById("sheet");
  const body = () => document.getElementById("sheet-body");

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== body()) { return; }
    if (!sheet().open) { sheet().showModal(); }
    const first = body().querySelector("[aria-invalid=true]")
      || body().querySelector("input:not([type=hidden]), select, textarea, button");
    if (first) { first.focus(); }
  });
  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-close-sheet]");
    if (closer && closer.closest("dialog[open]")) { event.preventDefault(); sheet().close(); }
  });
  // What was typed into a form that is closed is gone; the next one starts fresh.
  document.addEventListener("close", (event) => {
    if (event.target === sheet()) { body().replaceChildren(); }
  }, true);
  // The menu that a form was opened from goes away, so that the focus comes back to its button.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const menu = event.detail.elt.closest("[popover]");
    if (menu && event.detail.target === body()) { menu.hidePopover(); }
  });
  // One of several views of a list: the link that was followed is the one that is shown.
  document.addEventListener("htmx:afterRequest", (event) => {
    const chosen = event.detail.elt.closest(".cs-segmented > a");
    if (!chosen || !event.detail.successful) { return; }
    chosen.parentElement.querySelectorAll("a").forEach((link) => link.removeAttribute("aria-current"));
    chosen.setAttribute("aria-current", "true");
  });
  document.addEventListener("htmx:load", (event) => {
    event.detail.elt.querySelectorAll("[data-needs-script]").forEach((part) => { part.hidden = false; });
  });
})();
