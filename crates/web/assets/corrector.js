// Typing a serial from the label: a cell for each character, doubtful ones first, and keys for
// only those characters that the format allows in the chosen cell.

import { element } from "./element.js";

const DIGITS = "0123456789";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** What each letter of a format's shape stands for; any other character stands for itself. */
const CLASSES = {
  d: DIGITS,
  a: LETTERS,
  x: DIGITS + LETTERS,
  n: DIGITS + LETTERS.replace(/[OI]/g, ""),
  h: DIGITS + "ABCDEF",
};
const CELLS_MAX = 50;

let formats = null;

/** Asks once which formats there are; without them every letter and digit is offered. */
async function shapesOf(name, length) {
  if (!name) return [];
  formats ??= fetch("/v1/formats").then((response) => response.json());
  const { formats: known } = await formats.catch(() => ((formats = null), { formats: [] }));
  const shapes = known.find((format) => format.name === name)?.shapes ?? [];
  return shapes.filter((shape) => shape.length === length);
}

/** The characters that may stand at `at`, by the shapes that the other characters leave open. */
function allowed(shapes, at) {
  const all = DIGITS + LETTERS;
  if (!shapes.length) return all;
  const admitted = shapes.map((shape) => CLASSES[shape[at]] ?? shape[at]).join("");
  return [...all].filter((character) => admitted.includes(character)).join("");
}

/** A fold with the cells and keys for a candidate; `save(serial)` is called when it is right. */
export function corrector(candidate, texts, save) {
  const characters = [...candidate.value];
  const open = [...(candidate.doubtful ?? [])];
  let chosen = open[0] ?? (characters.length ? 0 : -1);
  let shapes = [];
  const cells = element("div", { class: "cells", role: "group", "aria-label": texts.by_hand });
  const keys = element("div", { class: "keys", role: "group", "aria-label": texts.phone.keys });
  const saving = element("button", { type: "button", class: "main save", onclick: () => save(characters.join("")) }, texts.correct);
  const erase = element("button", { type: "button", class: "erase", "aria-label": texts.phone.erase, onclick: remove }, "⌫");

  function put(character) {
    if (chosen < 0 || chosen >= characters.length) {
      if (characters.length < CELLS_MAX) characters.push(character);
      chosen = characters.length;
    } else {
      characters[chosen] = character;
      const rest = open.filter((at) => at > chosen);
      chosen = rest[0] ?? Math.min(chosen + 1, characters.length);
    }
    refresh();
  }

  function remove() {
    const at = chosen >= characters.length || chosen < 0 ? characters.length - 1 : chosen;
    if (at >= 0) characters.splice(at, 1);
    open.length = 0;
    chosen = Math.min(at, characters.length);
    refresh();
  }

  function draw() {
    cells.replaceChildren(...[...characters, "+"].map((character, at) =>
      element("button", {
        type: "button", class: open.includes(at) ? "cell doubtful" : "cell", "aria-pressed": String(at === chosen),
        "aria-label": at < characters.length ? `${at + 1}: ${character}` : texts.phone.append,
        onclick: () => { chosen = at; draw(); },
      }, character)));
    const fitting = at(shapes);
    keys.replaceChildren(...[...fitting].map((character) =>
      element("button", { type: "button", class: "key", onclick: () => put(character) }, character)), erase);
    saving.disabled = characters.length < 4;
  }

  function at(known) {
    return allowed(chosen >= 0 && chosen < characters.length ? known : [], chosen);
  }

  async function refresh() {
    const hadFocus = keys.contains(document.activeElement);
    draw();
    shapes = await shapesOf(candidate.format, characters.length);
    draw();
    if (hadFocus) keys.querySelector("button")?.focus();
  }

  function typed(event) {
    const character = event.key.toUpperCase();
    if (event.key.length === 1 && at(shapes).includes(character)) put(character);
    else if (event.key === "Backspace") remove();
    else if (event.key === "Enter" && event.target.closest(".keys, .cells") === null) return;
    else return;
    event.preventDefault();
  }

  const fold = element("details", { class: "corrector" },
    element("summary", { class: "button" }, texts.by_hand_title),
    element("p", { class: "quiet" }, texts.by_hand), cells, keys, saving);
  fold.addEventListener("keydown", typed);
  fold.addEventListener("toggle", () => fold.open && refresh());
  return fold;
}
