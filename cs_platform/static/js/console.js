"use strict";
// The console without the mouse: x selects, a selects the page, 1 to 9 preview a level. Without JavaScript the boxes, the
// list of levels and the button do the same.
(function () {
  const form = () => document.querySelector("form[data-console]");
  const boxes = () => [...form().querySelectorAll("input[name=row]")];
  const chosen = () => boxes().filter((box) => box.checked);
  const off = () => { try { return localStorage.getItem("cs-keys") === "off"; } catch { return false; } };

  function count() {
    if (!form()) { return; }
    const number = chosen().length;
    const all = form().querySelector("input[name=all]").checked;
    form().querySelector("[data-count]").textContent = all ? "All selected" : number ? `${number} selected` : "Select rows";
    const page = form().querySelector("[data-pick-page]");
    page.checked = number > 0 && number === boxes().length;
    page.indeterminate = number > 0 && number < boxes().length;
  }
  function pickPage(on) { boxes().forEach((box) => { box.checked = on; }); count(); }
  function level(place) {
    const select = form().querySelector("select[name=level]");
    const option = select.options[place]; // the first one is the question
    if (!option || !option.value || option.value === "-") { return; }
    if (!chosen().length && !form().querySelector("input[name=all]").checked) {
      const here = form().querySelector("tr.is-here input[name=row]");
      if (!here) { return; }
      here.checked = true;
      count();
    }
    select.value = option.value;
    form().requestSubmit();
  }

  document.addEventListener("change", (event) => {
    if (!event.target.closest("form[data-console]")) { return; }
    if (event.target.matches("[data-pick-page]")) { pickPage(event.target.checked); }
    count();
  });
  document.addEventListener("keydown", (event) => {
    if (!form() || off() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) { return; }
    const inRow = event.target.matches("input[type=checkbox]");
    if (event.target.closest("input, textarea, select") && !inRow) { return; }
    if (event.key === "Enter" && event.shiftKey) { event.preventDefault(); form().requestSubmit(); }
    else if (/^[1-9]$/.test(event.key)) { event.preventDefault(); level(Number(event.key)); }
    else if (event.key === "a") { event.preventDefault(); pickPage(chosen().length < boxes().length); }
  });
  document.addEventListener("htmx:afterSwap", count);
  window.addEventListener("pageshow", count);
  document.addEventListener("DOMContentLoaded", () => {
    const more = document.getElementById("more-keys");
    const list = document.querySelector("#keys dl");
    if (more && list) { list.append(more.content.cloneNode(true)); }
    count();
  });
})();
