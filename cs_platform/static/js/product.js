"use strict";
// Makes pages nicer that work without it. No library, no inline code: the content security policy forbids both to help.
(function () {
  const root = document.documentElement;
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private window: not remembered */ } };
  const kept = (key) => { try { return localStorage.getItem(key) || ""; } catch { return ""; } };
  const typing = (target) => target.closest("input, textarea, select, [contenteditable=true], dialog[open]") !== null;

  // --- theme and rail ---------------------------------------------------------------------------------------------
  function showTheme() {
    const chosen = kept("cs-theme") || "system";
    all("[data-set-theme]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.setTheme === chosen)));
  }
  function setTheme(theme) {
    keep("cs-theme", theme === "system" ? "" : theme);
    if (theme === "system") { root.removeAttribute("data-bs-theme"); } else { root.setAttribute("data-bs-theme", theme); }
    showTheme();
  }
  function showRail() {
    const small = root.getAttribute("data-rail") === "small";
    all("[data-toggle-rail]").forEach((b) => b.setAttribute("aria-expanded", String(!small)));
    all(".cs-way").forEach((a) => { if (small) { a.title = a.textContent.trim(); } else { a.removeAttribute("title"); } });
  }
  function toggleRail() {
    const small = root.getAttribute("data-rail") !== "small";
    root.toggleAttribute("data-rail", small);
    if (small) { root.setAttribute("data-rail", "small"); }
    keep("cs-rail", small ? "small" : "");
    showRail();
  }

  // --- toasts -----------------------------------------------------------------------------------------------------
  const TONES = { good: "circle-check", watch: "alert-triangle", bad: "alert-octagon", info: "info-circle" };
  function toast(words, tone) {
    const model = one("#toast-model");
    if (!model) { return; }
    const made = model.content.firstElementChild.cloneNode(true);
    made.classList.add(`tone-${tone}`);
    made.setAttribute("role", tone === "bad" ? "alert" : "status");
    const use = one("use", made);
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${TONES[tone]}`));
    one("div", made).textContent = words;
    one("#toasts").append(made);
  }
  // Good news leaves by itself, but not while it is read; a problem stays until it is closed.
  function letGo(item) {
    if (item.dataset.watched) { return; }
    item.dataset.watched = "1";
    if (item.matches(".tone-bad, .tone-watch, [data-stay], :has(a, button:not(.cs-plain))")) { return; }
    const leave = () => (item.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : item.remove());
    setTimeout(leave, 6000);
  }
  function watchToasts() {
    const tray = one("#toasts");
    if (!tray) { return; }
    [...tray.children].forEach(letGo);
    new MutationObserver(() => [...tray.children].forEach(letGo)).observe(tray, { childList: true });
  }

  // --- clicks -----------------------------------------------------------------------------------------------------
  const ACTIONS = {
    "[data-set-theme]": (b) => setTheme(b.dataset.setTheme),
    "[data-toggle-rail]": toggleRail,
    "[data-close-toast]": (b) => b.closest(".cs-toast, .cs-callout").remove(),
    "[data-dismiss-purpose]": (b) => {
      const line = b.closest("[data-purpose]");
      keep("cs-dismissed", `${kept("cs-dismissed")} ${line.dataset.purpose}`.trim());
      line.remove();
    },
    "[data-copy]": async (b) => {
      try { await navigator.clipboard.writeText(b.dataset.copy); toast(b.dataset.copied || "Copied.", "good"); }
      catch { toast("Copying is not allowed here. Select the text instead.", "watch"); }
    },
    "[data-reveal]": (b) => {
      const input = document.getElementById(b.dataset.reveal);
      const hidden = input.type === "password";
      input.type = hidden ? "text" : "password";
      b.setAttribute("aria-pressed", String(hidden));
    },
    "[data-back]": () => history.back(),
    "[data-reload]": () => location.reload(),
    "[data-keys-off]": (b) => {
      keep("cs-keys", kept("cs-keys") === "off" ? "" : "off");
      b.setAttribute("aria-pressed", String(kept("cs-keys") === "off"));
    },
  };
  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(ACTIONS)) {
      const found = event.target.closest(selector);
      if (found) { act(found); }
    }
    if (event.target.matches("dialog.cs-dialog")) { event.target.close(); } // the backdrop belongs to the dialog
    // Browsers that do not know command="show-modal" yet.
    const opener = event.target.closest("[commandfor]");
    if (opener && !("commandForElement" in HTMLButtonElement.prototype)) {
      const dialog = document.getElementById(opener.getAttribute("commandfor"));
      if (opener.getAttribute("command") === "close") { dialog.close(); } else { dialog.showModal(); }
    }
  });

  // --- forms ------------------------------------------------------------------------------------------------------
  // A click sends the same token as the click before it, so that the server does the work once.
  function token() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  function mark(form) {
    if (one("input[name=click]", form)) { return; }
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "click", value: token() });
    form.append(field);
  }
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb === "get") { return; }
    const asks = event.detail.elt;
    asks.csClick = asks.csClick || token();
    event.detail.parameters.click = asks.csClick;
  });
  document.addEventListener("htmx:afterRequest", (event) => { delete event.detail.elt.csClick; });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.hasAttribute("hx-post") || form.method === "dialog") { return; }
    if (form.dataset.sent && form.method === "post") { event.preventDefault(); return; }
    form.dataset.sent = "1";
    if (form.method === "post") { mark(form); }
    if (form.method === "post" && event.submitter) { event.submitter.setAttribute("aria-busy", "true"); }
  });
  window.addEventListener("pageshow", (event) => { // back to a page that was kept as it was left
    if (!event.persisted) { return; }
    all("form[data-sent]").forEach((form) => delete form.dataset.sent);
    all("input[name=click]").forEach((field) => field.remove());
    all("[aria-busy=true]").forEach((b) => b.removeAttribute("aria-busy"));
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-autosubmit]");
    if (form && !event.target.matches("[type=search], [type=text]")) { form.requestSubmit(); }
  });
  function toFirstError() {
    const wrong = one("form:not([data-quiet]) [aria-invalid=true]");
    if (wrong && !one("dialog[open]")) { wrong.focus(); }
  }

  // --- htmx -------------------------------------------------------------------------------------------------------
  let running = 0;
  function busy(more) {
    running = Math.max(0, running + more);
    if (running) { setTimeout(() => { if (running) { root.setAttribute("data-busy", ""); } }, 100); }
    else { root.removeAttribute("data-busy"); }
  }
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = one("meta[name=csrf-token]").content;
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    busy(1);
    const button = event.detail.requestConfig.triggeringEvent?.submitter;
    if (button) { button.setAttribute("aria-busy", "true"); }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    busy(-1);
    const button = event.detail.requestConfig.triggeringEvent?.submitter;
    if (button) { button.removeAttribute("aria-busy"); }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const reference = event.detail.xhr.getResponseHeader("X-Request-ID");
    const words = { 403: "Your roles do not allow this.", 404: "This is not there any more.", 429: "Too many requests. Wait a moment." };
    const said = words[event.detail.xhr.status] || "This did not work. Nothing was changed.";
    toast(reference ? `${said} Reference ${reference}` : said, "bad");
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, () => toast("The server can not be reached. Try again in a moment.", "bad"));
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    const words = event.target.dataset?.announce || one("[data-announce]", event.target)?.dataset.announce;
    const announcer = one("#announcer");
    if (words && announcer) { announcer.textContent = ""; setTimeout(() => { announcer.textContent = words; }, 50); }
  });

  // --- keys -------------------------------------------------------------------------------------------------------
  const rows = () => all("table[data-keys] tbody tr").filter((row) => one("a[href]", row));
  function step(by) {
    const list = rows();
    if (!list.length) { return; }
    const now = list.findIndex((row) => row.classList.contains("is-here"));
    const next = list[Math.min(list.length - 1, Math.max(0, now + by))];
    list.forEach((row) => row.classList.toggle("is-here", row === next));
    one("a[href]", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  const KEYS = {
    "/": () => one("#search")?.focus(),
    "j": () => step(1),
    "k": () => step(-1),
    "x": () => one("tr.is-here input[type=checkbox]")?.click(),
    "?": () => one("#keys")?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      one("#search")?.focus();
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey && KEYS[event.key] && kept("cs-keys") !== "off" && !typing(event.target)) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    showTheme();
    showRail();
    watchToasts();
    toFirstError();
    all("[data-keys-off]").forEach((b) => b.setAttribute("aria-pressed", String(kept("cs-keys") === "off")));
    all("[data-needs-script]").forEach((part) => { part.hidden = false; });
  });
})();
