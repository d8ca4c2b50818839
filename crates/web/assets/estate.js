// A list of expected serials: dropped or chosen, looked at before it counts, imported.

import { call, say } from "./console.js";
import { element } from "./element.js";
import { filled, lines, onFile } from "./list.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const drop = document.getElementById("drop");
const file = document.getElementById("file");
const replace = document.getElementById("replace");
const notice = document.getElementById("notice");
const preview = document.getElementById("preview");
let chosen = null;

async function send(list, dry) {
  drop.setAttribute("aria-busy", "true");
  const answer = await call("POST", `/v1/estate?dry_run=${dry}&replace=${replace.checked}`, list);
  drop.removeAttribute("aria-busy");
  if (answer.ok) return answer.body;
  say(notice, answer.body?.detail ?? answer.body?.title ?? texts.failed);
  return null;
}

function show(found) {
  const go = element("button", { type: "button", class: "main", id: "import" }, texts.go);
  go.addEventListener("click", async () => {
    go.disabled = true;
    if (await send(chosen, false)) location.assign("/console/estate");
    else go.disabled = false;
  });
  const at = (line) => filled(texts.line, { line });
  preview.replaceChildren(
    element("p", {}, filled(replace.checked ? texts.would_replace : texts.would, found)),
    ...[
      lines(texts, texts.unknown_format, found.unknown_format_count, found.unknown_format, (it) => `${at(it.line)} ${it.serial}`),
      lines(texts, texts.refused_lines, found.refused_count, found.refused, (it) => `${at(it.line)} ${it.why}`),
    ].filter(Boolean),
    go,
  );
  preview.hidden = false;
}

async function look() {
  say(notice, "");
  preview.hidden = true;
  const found = chosen && await send(chosen, true);
  if (found) show(found);
}

onFile(drop, file, (list) => {
  chosen = list;
  look();
});
replace.addEventListener("change", look);
