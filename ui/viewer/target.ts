/** Where both pages are mounted. */
export function target(): HTMLElement {
  const element = document.getElementById("app");
  if (!element) throw new Error("the page has no #app");
  return element;
}
