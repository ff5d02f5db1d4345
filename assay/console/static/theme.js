// Light or dark, before anything is drawn: a classic script, so that no page appears in the other colours first.
(() => {
  const kept = (() => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // a browser that keeps nothing
    }
  })();
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
})();
