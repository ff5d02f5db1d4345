/** The choice between light and dark: the system's, until somebody chooses. */

const dark = matchMedia("(prefers-color-scheme: dark)");

/** The button that changes to the other. */
export function themeButton(button) {
  const root = document.documentElement;
  const other = () => ((root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark");
  const draw = () => {
    button.textContent = other() === "dark" ? "Dark" : "Light";
    button.setAttribute("aria-label", `${button.textContent} colours`);
  };
  button.addEventListener("click", () => {
    root.dataset.theme = other();
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // A browser that keeps nothing: the choice is good until the page is left.
    }
    draw();
  });
  dark.addEventListener("change", draw);
  draw();
}
