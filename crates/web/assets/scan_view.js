// Shows one Scan object: the serial in groups, where it was found, how it was checked, what comes
// next; on doubt the candidates, to confirm or to correct.

import { missing, undo, wrong } from "./afterwards.js";
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
 * The whole view of a scan. `decide(action, serial)` posts a decision, `operate(body)` what happens
 * to its terminal. `photo` is the address of its picture, if there is one; `recent` are scans that
 * may be meant.
 */
export function scanView(scan, texts, photo, decide, operate, recent) {
  const best = scan.serial ?? scan.candidates?.[0];
  const status = scan.status ?? "waiting";
  const view = element("section", { class: `card answer ${status}`, "aria-live": "polite" });
  view.append(element("p", { class: "row" }, badge(status, texts), registration(scan, texts)));
  if (scan.serial) {
    view.append(serial(scan.serial.value), element("p", { class: "quiet" }, checked(scan, texts)), next(scan, texts));
    view.append(...[missing(scan, texts, operate, recent)].filter(Boolean));
  } else if (scan.status === "rejected" && scan.registration?.operation === "withdraw") {
    view.append(element("p", { class: "next" }, texts.next.withdrawn));
  }
  const undoing = undo(scan, texts, decide);
  if (undoing) view.append(undoing);
  if (scan.proposal) view.append(element("p", { class: "notice" }, texts.next.proposed.replace("{serial}", scan.proposal.serial)));
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
  const fold = wrong(scan, texts, decide);
  if (fold) view.append(fold);
  return view;
}

function checked(scan, texts) {
  // A serial that fits no maker's format has none to fit.
  const known = (scan.serial.checks ?? []).filter((check) => check !== "format" || scan.serial.vendor !== "unknown");
  const checks = known.map((check) => texts.checks[check] ?? check);
  const vendor = scan.serial.vendor && scan.serial.vendor !== "unknown" ? [scan.serial.vendor] : [];
  return [...vendor, ...checks].join(" · ");
}

/** Whether what was said of it was refused here, and not by the registry. */
const refusedHere = ({ status, code, delivery_id }) => code && (!delivery_id || status !== "refused");

function registration(scan, texts) {
  const status = scan.registration?.status ?? "none";
  if (status === "none" || refusedHere(scan.registration)) return undefined;
  return badge(`registration ${status}`, { states: { [`registration ${status}`]: texts.registrations[status] } });
}

/** What happens now, one sentence, with the reason if it was refused, by the registry or here. */
function next(scan, texts) {
  const { status = "none", code, nothing_new: stood, undo_until: until } = scan.registration ?? {};
  return element("p", { class: "next" }, sentence());

  function sentence() {
    if (code) {
      const by = refusedHere(scan.registration) ? texts.next.refused_here : texts.next.refused;
      return `${by} ${texts.refusals[code] ?? code}`;
    }
    if (stood) {
      const at = stood.merchant ?? stood.tid ?? stood.site;
      const what = at ? texts.next.nothing_new_at.replace("{merchant}", at) : texts.registrations.delivered;
      return texts.next.nothing_new.replace("{what}", what).replace("{when}", stood.since ? moment(stood.since, texts) : "");
    }
    if (until && new Date(until) > Date.now()) return texts.next.held;
    return texts.next[status];
  }
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
