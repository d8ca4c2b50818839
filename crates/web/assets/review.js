// The review queue: one scan at a time, leased to this window, decided with one key.

import { call, say } from "./console.js";
import { element } from "./element.js";
import { serial } from "./scan_view.js";

const all = JSON.parse(document.getElementById("texts").textContent);
const texts = all.review;
const part = (id) => document.getElementById(id);
const [view, empty, notice, form, keys] = ["review", "empty", "notice", "correct", "keys"].map(part);
const holder = windowName();

/** How often an empty queue is looked at again. */
const LOOK_AGAIN_MS = 5000;
/** A key that is pressed sooner belongs to the scan before. */
const SETTLE_MS = 350;

/** Undefined until the first answer. */
let current;
let shownAt = 0;
let busy = false;
let timer = 0;

/** This window's name as a holder of leases, the same after a reload. */
function windowName() {
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const name = sessionStorage.getItem("holder") ?? random();
  sessionStorage.setItem("holder", name);
  return name;
}

/** Asks for the next scan, or renews the lease of the one that is shown. */
async function next() {
  clearTimeout(timer);
  const answer = await call("POST", "/v1/reviews/next", { holder });
  if (!answer.ok) {
    if (answer.status === 0) say(notice, texts.no_connection);
    timer = setTimeout(next, LOOK_AGAIN_MS);
    return;
  }
  const { waiting, review } = answer.body;
  part("waiting").textContent = texts.waiting.replace("{n}", waiting);
  part("none").hidden = waiting > 0;
  part("with_others").hidden = waiting === 0;
  if (current === undefined || review?.scan.id !== current?.scan.id) await show(review);
  const until = review ? (new Date(review.until) - Date.now()) / 2 : LOOK_AGAIN_MS;
  timer = setTimeout(() => (document.hidden ? waitForSight() : next()), Math.max(1000, until));
}

/** A window that nobody sees does not keep a scan from others. */
function waitForSight() {
  document.addEventListener("visibilitychange", next, { once: true });
}

async function show(review) {
  current = review;
  typedFirst = undefined;
  view.hidden = !review;
  empty.hidden = Boolean(review);
  if (!review) return;
  const { scan, details } = review;
  const facts = { [texts.from]: review.owner, [texts.site]: details.site, [texts.merchant]: details.merchant, [texts.model]: details.model, [texts.note]: details.note };
  part("about").replaceChildren(...described(Object.entries(facts)));
  const question = all.questions[scan.question];
  part("why").replaceChildren(...(question ? [element("li", {}, question)] : []), ...scan.reasons.map((reason) => element("li", {}, all.reasons[reason.code] ?? reason.hint)));
  part("identifiers").replaceChildren(...described(scan.identifiers.map((found) => [all.kinds[found.kind] ?? found.kind, found.value])));
  part("others").hidden = scan.identifiers.length === 0;
  const { proposal } = scan;
  const proposed = proposal ? [{ value: proposal.serial, doubtful: [], format: texts.proposed.replace("{who}", proposal.by) }] : [];
  const offered = [...proposed, ...scan.candidates.filter((it) => it.value !== proposal?.serial)];
  part("candidates").replaceChildren(...offered.slice(0, 9).map(candidate));
  if (offered.length === 0) part("candidates").append(element("li", { class: "quiet" }, texts.no_candidates));
  form.elements.serial.value = scan.candidates[0]?.value ?? "";
  part("photos").replaceChildren(...(review.photos > 1 ? Array.from({ length: review.photos }, (_, n) => photoButton(n)) : []));
  const place = scan.candidates[0]?.place ?? null;
  showPhoto(place?.photo ?? 0, place);
  shownAt = performance.now();
  (part("candidates").querySelector("button") ?? form.elements.serial).focus({ preventScroll: true });
}

function described(pairs) {
  return pairs.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
}

function candidate(found, index) {
  const doubtful = found.doubtful.map((at) => [...found.value][at]).join(" ");
  const button = element("button", { type: "button", class: "candidate", onclick: () => decide("confirm", found.value) },
    element("kbd", { "aria-hidden": "true" }, index === 0 ? "↵" : String(index + 1)),
    serial(found.value, found.doubtful, true),
    element("span", { class: "quiet" }, [found.format, doubtful && `${texts.doubtful} ${doubtful}`].filter(Boolean).join(" · ")));
  button.addEventListener("focus", () => found.place && showPhoto(found.place.photo, found.place));
  return element("li", {}, button);
}

function photoButton(n) {
  return element("button", { type: "button", class: "small", onclick: () => showPhoto(n, null) }, texts.photo_n.replace("{n}", n + 1));
}

// --- the photo ---

let drawn = "";

function showPhoto(n, place) {
  const address = `/v1/scans/${current.scan.id}/photo?n=${n}`;
  const what = address + JSON.stringify(place);
  if (what === drawn) return;
  drawn = what;
  const image = element("img", { src: address, alt: texts.photo_n.replace("{n}", n + 1) });
  const box = part("photo");
  box.replaceChildren(image);
  part("crop").hidden = !place;
  image.addEventListener("error", () => box.replaceChildren(element("p", { class: "quiet" }, texts.no_photo)));
  image.addEventListener("load", () => {
    if (drawn !== what || !place) return;
    drawCrop(image, place.quad);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${image.naturalWidth} ${image.naturalHeight}`);
    svg.setAttribute("aria-hidden", "true");
    const polygon = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
    polygon.setAttribute("points", place.quad.map((point) => `${point.x},${point.y}`).join(" "));
    svg.append(polygon);
    box.append(svg);
  });
}

/** The serial's line, turned level and large, with some of its surroundings. */
function drawCrop(image, quad) {
  const [a, b, , d] = quad;
  const width = Math.hypot(b.x - a.x, b.y - a.y);
  const height = Math.hypot(d.x - a.x, d.y - a.y);
  if (!(width > 0 && height > 0)) return;
  const margin = height * 0.6;
  const scale = Math.min(3, 1400 / (width + 2 * margin));
  const canvas = part("crop");
  canvas.width = Math.round((width + 2 * margin) * scale);
  canvas.height = Math.round((height + 2 * margin) * scale);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.scale(scale, scale);
  context.translate(margin, margin);
  context.rotate(-Math.atan2(b.y - a.y, b.x - a.x));
  context.translate(-a.x, -a.y);
  context.drawImage(image, 0, 0);
}

// --- deciding ---

async function decide(action, value, typedAgain) {
  if (!current || busy || performance.now() - shownAt < SETTLE_MS) return;
  busy = true;
  const { scan } = current;
  const body = { action, serial: value, typed_again: typedAgain };
  const answer = await call("POST", `/v1/scans/${scan.id}/decision`, body);
  busy = false;
  if (answer.status === 0) return say(notice, texts.no_connection);
  if (answer.body?.code === "type_again") return askAgain(value);
  if (!answer.ok && answer.status !== 409) {
    return say(notice, all.problems[answer.body?.code] ?? answer.body?.detail ?? answer.body?.title);
  }
  const done = action === "reject" ? texts.rejected : texts.done.replace("{serial}", answer.body?.serial?.value ?? value);
  say(notice, answer.ok ? done : answer.body?.detail ?? texts.taken);
  if (answer.ok) offerUndo(scan.id, answer.body);
  await next();
}

/** What nobody read is typed a second time. */
let typedFirst;

function askAgain(value) {
  typedFirst = value;
  say(notice, texts.type_again);
  form.elements.serial.value = "";
  form.elements.serial.focus();
}

/** A button beside what was decided, until the registry is told. */
function offerUndo(id, scan) {
  const left = new Date(scan.registration.undo_until ?? 0) - Date.now();
  if (!(left > 0)) return;
  const button = element("button", { type: "button", class: "small undo", onclick: undo }, texts.undo);
  notice.append(" ", button);
  setTimeout(() => button.remove(), left);

  async function undo() {
    const answer = await call("POST", `/v1/scans/${id}/decision`, { action: "undo" });
    say(notice, answer.ok ? texts.undone : answer.body?.detail ?? texts.no_connection);
    current = undefined;
    await next();
  }
}

async function putAside() {
  if (!current || busy) return;
  busy = true;
  await call("POST", `/v1/reviews/${current.scan.id}/aside`, { holder });
  busy = false;
  say(notice, texts.put_aside);
  await next();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = form.elements.serial.value;
  const [first, second] = typedFirst === undefined ? [typed] : [typedFirst, typed];
  typedFirst = undefined;
  decide("correct", first, second);
});
part("reject").addEventListener("click", () => decide("reject"));
part("later").addEventListener("click", putAside);

keys.checked = localStorage.getItem("review-keys") !== "off";
keys.addEventListener("change", () => localStorage.setItem("review-keys", keys.checked ? "on" : "off"));

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input[type=text], textarea, select");
  if (!keys.checked || !current || event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const numbered = part("candidates").querySelectorAll("button")[Number(event.key) - 1];
  if (numbered) numbered.click();
  else if (event.key === "Enter" && event.target === document.body) part("candidates").querySelector("button")?.click();
  else if (event.key === "c") form.elements.serial.select();
  else if (event.key === "r") decide("reject");
  else if (event.key === "l") putAside();
  else return;
  event.preventDefault();
});

next();
