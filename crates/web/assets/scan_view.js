// Shows one Scan object: the serial in groups, where it was found, how it was checked, what comes
// next; on doubt the candidates, to confirm or to correct.

import { corrector } from "./corrector.js";
import { element } from "./element.js";

/** A serial in groups of four, doubtful positions marked; read out character by character. */
export function serial(value, doubtful = [], small = false) {
  const characters = [...value];
  const box = element("div", { class: small ? "serial small" : "serial", role: "img", "aria-label": characters.join(" ") });
  for (let start = 0; start < characters.length; start += 4) {
    const group = element("span");
    for (let at = start; at < Math.min(start + 4, characters.length); at++) {
      group.append(doubtful.includes(at) ? element("mark", {}, characters[at]) : characters[at]);
    }
    box.append(group);
  }
  return box;
}

export function badge(status, texts) {
  return element("span", { class: `badge ${status}` }, texts.states[status] ?? status);
}

/** When something was, in the page's language. */
export function moment(iso, texts) {
  return new Date(iso).toLocaleString(texts.lang, { dateStyle: "medium", timeStyle: "short" });
}

/** Who has shown this serial before, and when; undefined if nobody has. */
export function earlier(scan, texts) {
  if (!scan.earlier) return undefined;
  return texts.phone.earlier.replace("{who}", scan.earlier.by).replace("{when}", moment(scan.earlier.at, texts));
}

/** The photo with the serial's place drawn on it, once the picture's size is known. */
function shot(source, place, texts) {
  const image = element("img", { src: source, alt: texts.phone.photo });
  const box = element("div", { class: "shot" }, image);
  if (place) {
    image.addEventListener("load", () => {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", `0 0 ${image.naturalWidth} ${image.naturalHeight}`);
      svg.setAttribute("aria-hidden", "true");
      const polygon = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
      polygon.setAttribute("points", place.quad.map((p) => `${p.x},${p.y}`).join(" "));
      svg.append(polygon);
      box.append(svg);
    });
  }
  return box;
}

function list(items, className) {
  return items.length ? element("ul", { class: className }, ...items.map((item) => element("li", {}, item))) : undefined;
}

/**
 * The whole view of a scan. `decide(action, serial)` posts a decision. `photo` is the address of
 * its picture, if there is one.
 */
export function scanView(scan, texts, photo, decide) {
  const best = scan.serial ?? scan.candidates?.[0];
  const status = scan.status ?? "waiting";
  const view = element("section", { class: `card answer ${status}`, "aria-live": "polite" });
  view.append(element("p", { class: "row" }, badge(status, texts), registration(scan, texts)));
  if (scan.serial) {
    view.append(serial(scan.serial.value), element("p", { class: "quiet" }, checked(scan, texts)), next(scan, texts));
  }
  const known = earlier(scan, texts);
  if (known) view.append(element("p", { class: "notice" }, known));
  // On doubt the photo stands before the candidates: they are compared with it.
  const inDoubt = status === "review" || status === "unreadable";
  if (photo && inDoubt) view.append(shot(photo, best?.place, texts));
  if (status === "review") view.append(element("h2", {}, texts.questions[scan.question] ?? texts.review_title));
  const hints = list((scan.reasons ?? []).map((reason) => texts.reasons[reason.code] ?? reason.hint), "hints");
  if (hints) view.append(hints);
  if (inDoubt) view.append(...choices(scan, texts, decide));
  if (photo && !inDoubt) view.append(shot(photo, best?.place, texts));
  return view;
}

function checked(scan, texts) {
  const checks = (scan.serial.checks ?? []).map((check) => texts.checks[check] ?? check);
  const vendor = scan.serial.vendor && scan.serial.vendor !== "unknown" ? [scan.serial.vendor] : [];
  return [...vendor, ...checks].join(" · ");
}

function registration(scan, texts) {
  const status = scan.registration?.status ?? "none";
  return status === "none" ? undefined : badge(`registration ${status}`, { states: { [`registration ${status}`]: texts.registrations[status] } });
}

/** What happens now, one sentence, with the registry's own reason if it refused. */
function next(scan, texts) {
  const status = scan.registration?.status ?? "none";
  const code = scan.registration?.code;
  const reason = code ? ` ${texts.refusals[code] ?? code}` : "";
  return element("p", { class: "next" }, texts.next[status] + reason);
}

/** The candidates, each to be confirmed with one tap; below them, typing and rejecting. */
function choices(scan, texts, decide) {
  const rows = (scan.candidates ?? []).slice(0, 5).map((candidate) =>
    element("div", { class: "row candidate" },
      element("div", { class: "grow" }, serial(candidate.value, candidate.doubtful ?? [], true)),
      element("button", { type: "button", class: "confirm", onclick: () => decide("confirm", candidate.value) }, texts.confirm)));
  const first = scan.candidates?.[0] ?? { value: "", doubtful: [], format: null };
  const reject = element("button", { type: "button", class: "plain reject", onclick: () => decide("reject") }, texts.reject);
  return [list(rows, "plain"), corrector(first, texts, (typed) => decide("correct", typed)), reject].filter(Boolean);
}
