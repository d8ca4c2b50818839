// The technician's page: take or choose photos, keep them, send them, show what came back.

import { again } from "./afterwards.js";
import * as batch from "./batch.js";
import { cameraAllowed, cameraOffered, openCamera, readLive } from "./camera.js";
import { currentDetails, detailsComplete } from "./details.js";
import { element } from "./element.js";
import { forget, keep, kept, send } from "./outbox.js";
import { reduced } from "./photo.js";
import { badge, earlier, moment, scanView, serial } from "./scan_view.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const current = document.getElementById("current");
const waiting = document.getElementById("waiting");
const recent = document.getElementById("recent");
const notice = document.getElementById("notice");

/** Addresses of photos taken on this page, by Idempotency-Key or scan id, to show them at once. */
const pictures = new Map();
const PICTURES_MAX = 20;
/** The latest scans. */
let latest = [];
let shown = null;
let pumping = false;
let timer = 0;

for (const input of document.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    if (!detailsComplete()) return;
    for (const file of files) await take(await reduced(file));
  });
}

async function take(photo) {
  const entry = await keep([photo], await currentDetails());
  remember(entry.key, URL.createObjectURL(photo));
  show(entry.key, {}, entry.key);
  await pump();
}

function remember(key, address) {
  pictures.set(key, address);
  if (pictures.size <= PICTURES_MAX) return;
  const [oldest, freed] = pictures.entries().next().value;
  pictures.delete(oldest);
  if (![...pictures.values()].includes(freed)) URL.revokeObjectURL(freed);
}

// --- the viewfinder ---

const finder = document.getElementById("finder");
const choices = document.getElementById("choices");
const live = document.getElementById("live");
const torch = document.getElementById("torch");
let camera = null;

async function openFinder() {
  if (camera || !detailsComplete()) return;
  try {
    camera = await openCamera(finder.querySelector("video"));
  } catch {
    return say(texts.no_camera);
  }
  say("");
  finder.hidden = false;
  choices.hidden = true;
  torch.hidden = !camera.hasTorch;
  live.textContent = texts.aim;
  current.replaceChildren();
  finder.scrollIntoView({ block: "start" });
  const mine = camera;
  const open = () => camera === mine && !document.hidden;
  for (;;) {
    const agreed = await readLive(mine, open, drawLive);
    if (!agreed) return;
    const refused = batch.refusal(agreed.scan, texts) ?? (batch.isOn() ? earlier(agreed.scan, texts) : undefined);
    if (!refused) {
      closeFinder();
      return take(agreed.frame);
    }
    live.replaceChildren(serial(agreed.scan.serial.value, [], true), refused);
    live.classList.add("refused");
    navigator.vibrate?.([80, 60, 80]);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    live.classList.remove("refused");
  }
}

function drawLive(scan) {
  const [reason] = scan.reasons ?? [];
  const value = scan.serial?.value;
  const hint = reason ? texts.reasons[reason.code] ?? reason.hint : texts.aim;
  if (value) live.replaceChildren(serial(value, [], true));
  else if (live.textContent !== hint) live.textContent = hint;
}

function closeFinder() {
  camera?.close();
  camera = null;
  finder.hidden = true;
  choices.hidden = false;
  torch.setAttribute("aria-pressed", "false");
}

/** Takes the frame that is in view and hands it in. */
async function shoot() {
  const photo = await camera?.frame().catch(() => null);
  closeFinder();
  if (photo) await take(photo);
}

function offerCamera() {
  document.getElementById("camera").hidden = false;
  document.getElementById("take").classList.remove("main");
  document.getElementById("camera").addEventListener("click", openFinder);
  document.getElementById("shutter").addEventListener("click", shoot);
  finder.querySelector("video").addEventListener("click", shoot);
  document.getElementById("close").addEventListener("click", closeFinder);
  torch.addEventListener("click", () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    torch.setAttribute("aria-pressed", String(on));
    camera?.torch(on);
  });
  // A hidden page must not keep the camera.
  document.addEventListener("visibilitychange", () => document.hidden && camera && closeFinder());
}

// --- one scan ---

function show(key, scan, picture) {
  shown = key;
  const address = pictures.get(picture) ?? (scan.id ? `/v1/scans/${scan.id}/photo` : undefined);
  const decide = (action, value) => decideOn(scan, action, value);
  const operate = (body) => post(`/v1/scans/${scan.id}/operation`, body);
  const view = scanView(scan, texts, address, decide, operate, latest);
  if (!scan.status) view.querySelector(".badge").classList.add("pulse");
  const refused = scan.status === "accepted" ? batch.count(scan, texts) : undefined;
  if (refused) view.prepend(element("p", { class: "notice bad", role: "alert" }, refused));
  if (scan.status === "accepted" && cameraOffered()) {
    view.append(element("button", { type: "button", class: "main big", onclick: openFinder }, texts.phone.next_label));
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

// --- what waits ---

/** Sends everything that waits, one after the other, and comes back when the network does. */
async function pump() {
  // Two tabs must not send the same photo at the same time.
  if (navigator.locks) return navigator.locks.request("pump", { ifAvailable: true }, (lock) => lock && sendAll());
  return sendAll();
}

async function sendAll() {
  if (pumping) return;
  pumping = true;
  clearTimeout(timer);
  try {
    for (;;) {
      const entries = await kept();
      drawWaiting(entries);
      const entry = entries.find((each) => !each.problem);
      if (!entry || !(await pass(entry))) break;
    }
  } finally {
    pumping = false;
  }
  await drawRecent();
}

/** Sends one entry; false if the queue has to wait. */
async function pass(entry) {
  const answer = await send(entry);
  if (answer.signIn) {
    say(texts.sign_in_needed, element("a", { href: "/sign-in" }, texts.sign_in_title));
    return false;
  }
  if (answer.retry) {
    say(navigator.onLine ? texts.retrying : texts.offline);
    if (shown === entry.key) show(entry.key, { status: "queued" }, entry.key);
    timer = setTimeout(pump, answer.retry);
    return false;
  }
  say("");
  if (answer.problem) {
    if (shown === entry.key) current.replaceChildren();
    return true;
  }
  await forget(entry.key);
  if (pictures.has(entry.key)) remember(answer.scan.id, pictures.get(entry.key));
  if (shown === entry.key) {
    show(answer.scan.id, answer.scan, entry.key);
    if (!settled(answer.scan)) follow(answer.scan.id, answer.scan);
  } else if (answer.scan.status === "accepted") {
    const refused = batch.count(answer.scan, texts);
    if (refused) say(refused);
  }
  return true;
}

function drawWaiting(entries) {
  waiting.replaceChildren(...entries.map((entry) => {
    const state = entry.problem ? "failed" : "queued";
    const words = entry.problem ? texts.problems[entry.problem.code] ?? entry.problem.title : moment(entry.keptAt, texts);
    const dismiss = element("button", { type: "button", onclick: () => forget(entry.key).then(pump) }, texts.phone.dismiss);
    return element("li", { class: "row" }, badge(state, texts), element("span", { class: "grow" }, words), entry.problem ? dismiss : null);
  }));
  waiting.parentElement.hidden = entries.length === 0;
  const count = entries.filter((entry) => !entry.problem).length;
  document.getElementById("queue").textContent = count ? texts.waiting_count.replace("{n}", count) : texts.states.failed;
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
if (cameraOffered()) offerCamera();
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {});
addEventListener("online", pump);
document.addEventListener("visibilitychange", () => document.hidden || pump());
performance.mark("usable");
pump();
if (cameraOffered() && (await cameraAllowed())) openFinder();
