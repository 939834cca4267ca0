/** Menus made of <details>: they close on Escape, on a click elsewhere, and when one of their entries was chosen. */

export function closesByItself(menu) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (menu.open && (!menu.contains(event.target) || event.target.closest(".menu-item"))) menu.open = false;
  });
}
