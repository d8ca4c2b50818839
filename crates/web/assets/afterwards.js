// What a person does after a scan was accepted: undo a decision, say that the serial is wrong, say
// what was not said with the photo.

import { corrector } from "./corrector.js";
import { element } from "./element.js";

/** What is missing by the code that says so, and the operation that it is missing for. */
const MISSING = { merchant_missing: "bind", replaces_missing: "swap", replaced_unknown: "swap" };

/** A button that takes the decision back while the registry is not told. */
export function undo(scan, texts, decide) {
  const left = new Date(scan.registration?.undo_until ?? 0) - Date.now();
  if (!(left > 0)) return undefined;
  const button = element("button", { type: "button", class: "undo", onclick: () => decide("undo") }, texts.phone.undo);
  setTimeout(() => button.remove(), left);
  return button;
}

/** A fold for a serial that was taken down wrong: the right one, or that there is no such terminal. */
export function wrong(scan, texts, decide) {
  if (scan.status !== "accepted") return undefined;
  const shown = { value: scan.serial.value, doubtful: [], format: scan.serial.format };
  const none = element("button", { type: "button", class: "danger", onclick: () => decide("reject") }, texts.phone.wrong_sure);
  return element("details", { class: "wrong" },
    element("summary", { class: "button plain" }, texts.phone.wrong),
    corrector(shown, texts, (typed) => decide("correct", typed)), none);
}

/** A form for what was missing; undefined if nothing is. `operate(body)` posts it. */
export function missing(scan, texts, operate, recent) {
  const operation = MISSING[scan.registration?.code];
  if (!operation || scan.status !== "accepted") return undefined;
  const others = recent.filter((it) => it.status === "accepted" && it.serial && it.serial.value !== scan.serial.value);
  const name = operation === "bind" ? "merchant" : "replaces";
  const field = element("input", { type: "text", name, maxlength: "200", required: true, autocomplete: "off", list: "shown_terminals" });
  const list = element("datalist", { id: "shown_terminals" }, ...others.map((it) => element("option", { value: it.serial.value })));
  const label = operation === "bind" ? texts.merchant : texts.phone.old_terminal;
  const form = element("form", { class: "missing" },
    element("label", { class: "field" }, label, field), operation === "swap" ? list : undefined,
    element("button", { type: "submit", class: "main" }, texts.phone.save));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    operate({ operation, [name]: field.value.trim() });
  });
  return form;
}

/** A form in which a serial is typed a second time; `save(again)` is called when it is the same. */
export function again(value, texts, save) {
  const fold = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, "");
  const field = element("input", { type: "text", class: "mono", maxlength: "64", required: true,
    autocapitalize: "characters", autocomplete: "off", spellcheck: "false", "aria-label": texts.phone.type_again,
    oninput: () => field.setCustomValidity("") });
  const form = element("form", { class: "row again" }, field,
    element("button", { type: "submit", class: "main" }, texts.phone.save));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (fold(field.value) === fold(value)) return save(field.value);
    field.setCustomValidity(texts.phone.typed_differs);
    field.reportValidity();
  });
  return form;
}
