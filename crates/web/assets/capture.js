// The technician's page: take or choose photos, keep them, send them, show what came back.

import { again } from "./afterwards.js";
import * as batch from "./batch.js";
import { cameraAllowed, cameraOffered } from "./camera.js";
import { currentDetails, position } from "./details.js";
import { element } from "./element.js";
import * as finder from "./finder.js";
import { keep } from "./outbox.js";
import * as queue from "./queue.js";
import { badge, earlier, moment, scanView, serial } from "./scan_view.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const owner = document.querySelector("meta[name=caller]").content;
const current = document.getElementById("current");
const recent = document.getElementById("recent");
const notice = document.getElementById("notice");

/** Addresses of photos taken on this page, by Idempotency-Key or scan id, to show them at once. */
const pictures = new Map();
const PICTURES_MAX = 20;
/** The latest scans. */
let latest = [];
/** The Idempotency-Key or scan id that is looked at, and whether a person has to decide about it. */
let shown = null;
let deciding = false;

for (const input of document.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", async () => {
    await take([...input.files]);
    input.value = "";
  });
}

/** Keeps photos, each of one terminal, and sends them; nothing else comes before they are kept. */
async function take(photos) {
  if (photos.length === 0) return;
  const entries = await keep(photos, photos.map(currentDetails), owner).catch(() => null);
  if (!entries) return say(texts.phone.no_room.replace("{n}", photos.length));
  entries.forEach((entry, at) => remember(entry.key, URL.createObjectURL(photos[at])));
  show(entries[0].key, {}, entries[0].key);
  await queue.complete(entries, async () => {
    const location = await position();
    return location && entries.map((entry) => Object.assign(entry.details, { location }));
  });
  return queue.pump();
}

function remember(key, address) {
  pictures.set(key, address);
  if (pictures.size <= PICTURES_MAX) return;
  const [oldest, freed] = pictures.entries().next().value;
  pictures.delete(oldest);
  if (![...pictures.values()].includes(freed)) URL.revokeObjectURL(freed);
}

// --- one scan ---

function show(key, scan, picture) {
  shown = key;
  deciding = ["review", "unreadable"].includes(scan.status);
  const address = pictures.get(picture) ?? (scan.id ? `/v1/scans/${scan.id}/photo` : undefined);
  const decide = (action, value) => decideOn(scan, action, value);
  const operate = (body) => post(`/v1/scans/${scan.id}/operation`, body);
  const view = scanView(scan, texts, address, decide, operate, latest);
  if (!scan.status) view.querySelector(".badge").classList.add("pulse");
  const refused = scan.status === "accepted" ? batch.count(scan, texts) : undefined;
  if (refused) view.prepend(element("p", { class: "notice bad", role: "alert" }, refused));
  if (scan.status === "accepted" && cameraOffered()) {
    view.append(element("button", { type: "button", class: "main big", onclick: () => finder.open() }, texts.phone.next_label));
  }
  current.replaceChildren(view);
  current.scrollIntoView({ block: "start" });
}

function finished(scan) {
  return ["accepted", "review", "unreadable", "rejected"].includes(scan.status);
}

/** Whether more is to come: a verdict, or what the registry says. */
function settled(scan) {
  return finished(scan) && !(scan.status === "accepted" && scan.registration?.status === "queued");
}

/** Asks for a scan until it is read and registered, while it is shown. */
async function follow(id, known, wait = 1000) {
  await new Promise((resolve) => setTimeout(resolve, wait));
  if (shown !== id) return;
  const response = await fetch(`/v1/scans/${id}`).catch(() => null);
  const scan = response?.ok ? await response.json() : null;
  const changed = scan && (scan.status !== known.status || scan.registration.status !== known.registration.status);
  if (changed && shown === id) {
    show(id, scan, id);
    await drawRecent();
  }
  if (!scan || !settled(scan)) await follow(id, scan ?? known, Math.min(wait * 1.5, 15000));
}

async function decideOn(scan, action, value, typedAgain) {
  const body = await post(`/v1/scans/${scan.id}/decision`, { action, serial: value, typed_again: typedAgain });
  if (body?.code !== "type_again") return;
  say(texts.phone.type_again, again(value, texts, (typed) => decideOn(scan, action, value, typed)));
  notice.scrollIntoView({ block: "center" });
}

/** Posts what a person says of a scan and shows what stands then; the answer. */
async function post(address, said) {
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(said),
  }).catch(() => null);
  if (!response) return say(texts.phone.decide_offline);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    say(texts.problems[body.code] ?? body.detail ?? body.title);
    return body;
  }
  say("");
  show(body.id, body, body.id);
  await drawRecent();
  if (!settled(body)) follow(body.id, body);
  return body;
}

/** Shows what the service answered for an entry, if that is looked at; true if so. */
function answered(entry, scan) {
  if (pictures.has(entry.key)) remember(scan.id, pictures.get(entry.key));
  if (shown === entry.key) {
    show(scan.id, scan, entry.key);
    if (!settled(scan)) follow(scan.id, scan);
    return true;
  }
  const refused = scan.status === "accepted" ? batch.count(scan, texts) : undefined;
  if (refused) say(refused);
  return false;
}

/** Nothing is sent for now: what is looked at and was not sent waits. */
async function stopped(entries) {
  if (entries.some((entry) => entry.key === shown && !entry.problem)) show(shown, { status: "queued" }, shown);
  await drawRecent();
}

/** The latest scans, those that wait for a person first. */
async function drawRecent() {
  const response = await fetch("/v1/scans?most=10").catch(() => null);
  if (!response?.ok) return;
  const { scans } = await response.json();
  latest = scans;
  const doubtful = scans.filter((scan) => scan.status === "review");
  const others = scans.filter((scan) => scan.status !== "review");
  recent.replaceChildren(...[...doubtful, ...others].map((scan) => {
    const value = scan.serial?.value ?? scan.candidates?.[0]?.value;
    const open = () => {
      show(scan.id, scan, scan.id);
      if (!settled(scan)) follow(scan.id, scan);
    };
    return element("li", {}, element("button", { type: "button", class: "plain row", onclick: open },
      badge(scan.status, texts), value ? serial(value, [], true) : moment(scan.created_at, texts)));
  }));
  recent.parentElement.hidden = scans.length === 0;
}

function say(...words) {
  notice.replaceChildren(...words);
  notice.hidden = !notice.textContent;
}

batch.begin(texts);
if (cameraOffered()) finder.begin({ texts, say, take, opened: () => current.replaceChildren() });
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {});
performance.mark("usable");
queue.begin({
  texts,
  owner,
  say,
  /** The photo that is sent is shown, unless a person is deciding about another one. */
  sending: (entry) => deciding || shown === entry.key || !pictures.has(entry.key) || show(entry.key, {}, entry.key),
  refused: (entry) => shown === entry.key && current.replaceChildren(),
  answered,
  stopped,
});
if (cameraOffered() && (await cameraAllowed())) finder.open();
