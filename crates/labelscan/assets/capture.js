// The technician's page: take or choose photos, keep them, send them, show what came back.

import { cameraAllowed, cameraOffered, openCamera, readLive } from "./camera.js";
import { forget, keep, send, waiting } from "./outbox.js";
import { badge, element, scanView, serial } from "./scan_view.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const current = document.getElementById("current");
const queue = document.getElementById("queue");
const recent = document.getElementById("recent");
const notice = document.getElementById("notice");

/** Addresses of photos taken on this page, by Idempotency-Key or scan id, to show them at once. */
const pictures = new Map();
let shown = null;
let pumping = false;
let timer = 0;

for (const input of document.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    for (const file of files) await take(file);
  });
}

async function take(file) {
  const entry = await keep([file], { captured_at: new Date().toISOString() });
  pictures.set(entry.key, URL.createObjectURL(file));
  show(entry.key, {}, entry.key);
  await pump();
}

// --- the viewfinder ---

const finder = document.getElementById("finder");
const live = document.getElementById("live");
const torch = document.getElementById("torch");
let camera = null;

async function openFinder() {
  try {
    camera = await openCamera(finder.querySelector("video"));
  } catch {
    return say(texts.no_camera);
  }
  say("");
  finder.hidden = false;
  document.getElementById("choices").hidden = true;
  torch.hidden = !camera.hasTorch;
  live.textContent = texts.aim;
  current.replaceChildren();
  const mine = camera;
  const agreed = await readLive(mine, () => camera === mine && !document.hidden, drawLive);
  if (agreed) await shoot();
}

function drawLive(scan) {
  const [reason] = scan.reasons ?? [];
  const value = scan.serial?.value;
  live.replaceChildren(value ? serial(value, [], true) : reason ? texts.reasons[reason.code] ?? reason.hint : texts.aim);
}

function closeFinder() {
  camera?.close();
  camera = null;
  finder.hidden = true;
  document.getElementById("choices").hidden = false;
  torch.setAttribute("aria-pressed", "false");
}

/** Takes the frame at full size and hands it in. */
async function shoot() {
  const photo = await camera?.frame(4096, 0.92).catch(() => null);
  closeFinder();
  if (photo) await take(photo);
}

if (cameraOffered()) {
  document.getElementById("camera").hidden = false;
  document.getElementById("take").classList.remove("main");
  document.getElementById("camera").addEventListener("click", openFinder);
  document.getElementById("shutter").addEventListener("click", shoot);
  document.getElementById("close").addEventListener("click", closeFinder);
  torch.addEventListener("click", () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    torch.setAttribute("aria-pressed", String(on));
    camera?.torch(on);
  });
  // A hidden page must not keep the camera.
  document.addEventListener("visibilitychange", () => document.hidden && camera && closeFinder());
  if (await cameraAllowed()) openFinder();
}

// --- one scan ---

function show(key, scan, picture) {
  shown = key;
  const address = pictures.get(picture) ?? (scan.id ? `/v1/scans/${scan.id}/photo` : undefined);
  const decide = (action, value) => decideOn(scan, action, value);
  const view = scanView(scan, texts, address, decide);
  if (!scan.status) view.querySelector(".badge").classList.add("pulse");
  current.replaceChildren(view);
  current.scrollIntoView({ behavior: "smooth", block: "start" });
}

/** Sends everything that waits, one after the other, and comes back when the network does. */
async function pump() {
  if (pumping) return;
  pumping = true;
  clearTimeout(timer);
  try {
    for (;;) {
      const entries = await waiting();
      drawQueue(entries);
      const entry = entries[0];
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
    say(texts.sign_in_needed);
    return false;
  }
  if (answer.retry) {
    say(navigator.onLine ? texts.retrying : texts.offline);
    timer = setTimeout(pump, answer.retry);
    return false;
  }
  say("");
  await forget(entry.key);
  if (answer.problem) {
    const text = texts.problems[answer.problem.code] ?? answer.problem.title;
    if (shown === entry.key) current.replaceChildren(refusal(text));
    else say(text);
    return true;
  }
  if (pictures.has(entry.key)) pictures.set(answer.scan.id, pictures.get(entry.key));
  if (shown === entry.key) {
    show(answer.scan.id, answer.scan, entry.key);
    if (!finished(answer.scan)) follow(answer.scan.id);
  }
  return true;
}

function refusal(text) {
  return element("section", { class: "card" }, element("p", {}, badge("failed", texts)), element("p", {}, text));
}

function finished(scan) {
  return ["accepted", "review", "unreadable", "rejected"].includes(scan.status);
}

/** Asks for a queued scan until it is read. */
async function follow(id, wait = 1000) {
  await new Promise((resolve) => setTimeout(resolve, wait));
  if (shown !== id) return;
  const response = await fetch(`/v1/scans/${id}`).catch(() => null);
  const scan = response?.ok ? await response.json() : null;
  if (scan && finished(scan)) {
    show(id, scan, id);
    await drawRecent();
  } else {
    await follow(id, Math.min(wait * 1.5, 10000));
  }
}

async function decideOn(scan, action, value) {
  const response = await fetch(`/v1/scans/${scan.id}/decision`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(value === undefined ? { action } : { action, serial: value }),
  }).catch(() => null);
  if (!response) return say(texts.offline);
  const body = await response.json();
  if (!response.ok) return say(texts.problems[body.code] ?? body.detail ?? body.title);
  say("");
  show(body.id, body, body.id);
  await drawRecent();
}

function drawQueue(entries) {
  queue.hidden = entries.length === 0;
  queue.textContent = texts.waiting_count.replace("{n}", entries.length);
}

async function drawRecent() {
  const response = await fetch("/v1/scans?most=10").catch(() => null);
  if (!response?.ok) return;
  const { scans } = await response.json();
  recent.replaceChildren(...scans.map((scan) => {
    const value = scan.serial?.value ?? scan.candidates?.[0]?.value;
    const row = element("button", { type: "button", class: "plain row", onclick: () => show(scan.id, scan, scan.id) }, badge(scan.status, texts), value ? serial(value, [], true) : "—");
    return element("li", {}, row);
  }));
  recent.parentElement.hidden = scans.length === 0;
}

function say(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {});
addEventListener("online", pump);
document.addEventListener("visibilitychange", () => document.hidden || pump());
pump();
