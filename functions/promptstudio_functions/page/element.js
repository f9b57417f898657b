/**
 * A new element. Attributes are set as they are, but for functions, which listen to the event of that name;
 * children are elements or text, never markup.
 */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (typeof value === "boolean") node.toggleAttribute(key, value);
    else if (value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}
