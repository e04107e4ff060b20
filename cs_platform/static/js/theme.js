"use strict";
// Read before the first paint, so that nothing flashes: the chosen theme, the width of the rail, the lines that were
// dismissed. Without a choice (or without JavaScript) the style sheet follows the system by itself.
(function () {
  const root = document.documentElement;
  const read = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const theme = read("cs-theme");
  if (!root.hasAttribute("data-theme-fixed") && (theme === "light" || theme === "dark")) {
    root.setAttribute("data-bs-theme", theme);
  }
  if (read("cs-rail") === "small") { root.setAttribute("data-rail", "small"); }
  const gone = (read("cs-dismissed") || "").split(" ").filter((key) => /^[a-z0-9-]+$/.test(key));
  if (gone.length) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(gone.map((key) => `[data-purpose="${key}"]`).join(",") + "{display:none}");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
})();
