// A batch: so many terminals are expected, each counts once. Which ones were counted is kept on
// the phone, so that a reload in the middle of a shelf loses nothing.

import { element } from "./element.js";
import { moment } from "./scan_view.js";

const NAME = "batch";
const EXPECTED_MAX = 10000;
const box = document.getElementById("batch");
const input = document.getElementById("expected");
let texts = null;

function read() {
  return JSON.parse(localStorage.getItem(NAME) ?? "null");
}

function write(state) {
  if (state) localStorage.setItem(NAME, JSON.stringify(state));
  else localStorage.removeItem(NAME);
  draw(state);
}

/** Whether a batch is under way. */
export function isOn() {
  return read() !== null;
}

/** Why a scan may not count: this batch has its serial already. */
export function refusal(scan) {
  const before = read()?.seen.find((each) => each.value === scan.serial?.value && each.id !== scan.id);
  return before && texts.phone.duplicate.replace("{when}", moment(before.at, texts));
}

/** Counts an accepted scan; answers why not, if it does not count. */
export function count(scan) {
  const state = read();
  if (!state || state.seen.some((each) => each.id === scan.id)) return undefined;
  const refused = refusal(scan);
  if (refused) return refused;
  state.seen.push({ id: scan.id, value: scan.serial.value, at: Date.now() });
  write(state);
  return undefined;
}

function draw(state) {
  box.hidden = !state;
  if (!state) return;
  const words = texts.phone.batch_of.replace("{n}", state.seen.length).replace("{expected}", state.expected);
  const full = state.seen.length >= state.expected;
  box.classList.toggle("full", full);
  box.replaceChildren(
    element("strong", { role: "status" }, words),
    element("progress", { max: state.expected, value: Math.min(state.seen.length, state.expected), "aria-label": words }),
    element("button", { type: "button", class: full ? "main" : "", onclick: () => write(null) }, texts.phone.batch_end));
}

/** Shows the batch that is under way, and lets one be started. */
export function begin(pageTexts) {
  texts = pageTexts;
  draw(read());
  document.getElementById("batch_start").addEventListener("click", () => {
    const expected = Number(input.value);
    if (!Number.isInteger(expected) || expected < 1 || expected > EXPECTED_MAX) return input.reportValidity();
    write({ expected, seen: [] });
    document.getElementById("more").open = false;
    return undefined;
  });
}
