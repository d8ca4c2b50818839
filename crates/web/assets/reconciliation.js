// The registry's own list: dropped or chosen, held against what was seen.

import { call, say } from "./console.js";
import { element } from "./element.js";
import { filled, lines, onFile } from "./list.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const drop = document.getElementById("drop");
const notice = document.getElementById("notice");
const compared = document.getElementById("compared");
const KINDS = ["not_registered", "only_registered", "registered_as", "registered_twice"];

/** A serial, which leads to its terminal if there can be one, and what it looks like. */
function row({ serial, other }, seen) {
  const href = `/console/terminals?q=${encodeURIComponent(serial)}`;
  const name = seen ? element("a", { class: "mono", href }, serial) : element("span", { class: "mono" }, serial);
  return element("span", {}, name, other ? ` ${texts.like} ${other}` : null);
}

function show(found) {
  const kinds = KINDS.map((kind) => {
    const { count, serials } = found[kind];
    return lines(texts, texts[kind], count, serials, (it) => row(it, kind === "not_registered" || kind === "registered_as"))
      ?? element("p", { class: "quiet" }, `${texts[kind]}: ${texts.none}`);
  });
  const at = (line) => filled(texts.line, { line });
  const refused = lines(texts, texts.refused_lines, found.refused_count, found.refused, (it) => `${at(it.line)} ${it.why}`);
  compared.replaceChildren(element("p", {}, filled(texts.registry_counts, found)), ...kinds, ...[refused].filter(Boolean));
  compared.hidden = false;
}

onFile(drop, document.getElementById("file"), async (list) => {
  say(notice, "");
  compared.hidden = true;
  if (!list) return;
  drop.setAttribute("aria-busy", "true");
  const answer = await call("POST", "/v1/registry/reconciliation", list);
  drop.removeAttribute("aria-busy");
  if (answer.ok) show(answer.body);
  else say(notice, answer.body?.detail ?? answer.body?.title ?? texts.failed);
});
