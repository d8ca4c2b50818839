// What pages that take a list share: a place where it is dropped or chosen, and lines of what was found.

import { element } from "./element.js";

/** A text with its places filled. */
export const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** A fold with a row for each of `rows`, of which there are `count`; null if there are none. */
export function lines(texts, title, count, rows, row) {
  if (count === 0) return null;
  const more = count > rows.length ? element("p", { class: "quiet" }, texts.rest) : null;
  const list = element("ul", { class: "plain pairs" }, ...rows.map((it) => element("li", {}, row(it))));
  return element("details", { open: count <= 20 }, element("summary", {}, `${title} (${count})`), list, more);
}

/** Calls `taken` with the list that is dropped or chosen, null if the choice is taken back. */
export function onFile(drop, file, taken) {
  // The type that a system gives a file is anybody's guess; the service looks at the content.
  const take = (files) => taken(files[0] ? new Blob([files[0]], { type: "text/csv" }) : null);
  file.addEventListener("change", () => take(file.files));
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
}
