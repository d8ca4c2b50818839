// The viewfinder: frames are read while the person aims; the label in the frame, and nothing beside
// it, is taken by itself once two frames agree.

import * as batch from "./batch.js";
import { openCamera } from "./camera.js";
import { SIDE_PX, jpegOf } from "./photo.js";
import { earlier, serial } from "./scan_view.js";

/** Longer side of a frame that is only read, not kept. */
const READ_SIDE_PX = 1280;
/** How far a serial may stand out of the frame, in shares of the frame's sides. */
const FRAME_MARGIN = 0.04;
/** A picture is compared with the one before as so many grey pixels a side. */
const SKETCH_PX = 16;
/** Mean difference of two sketches, of 255, below which nothing has changed. */
const CHANGE_MIN = 2.5;
/** Milliseconds between two readings of a picture that does not change but may become sharper. */
const STILL_WAIT_MS = 2000;
/** Milliseconds without change after which the camera is closed. */
const STILL_MS_MAX = 30000;
const LOOK_MS = 200;
const REFUSED_MS = 2500;

const finder = document.getElementById("finder");
const video = finder.querySelector("video");
const frame = finder.querySelector(".frame");
const place = finder.querySelector("svg");
const choices = document.getElementById("choices");
const live = document.getElementById("live");
const torch = document.getElementById("torch");
/** What the page does: see `begin`. */
let page = null;
let camera = null;

/** Offers the camera. `take([photo])` is handed what is taken; `opened()` makes room. */
export function begin(callbacks) {
  page = callbacks;
  document.getElementById("camera").hidden = false;
  document.getElementById("take").classList.remove("main");
  document.getElementById("camera").addEventListener("click", open);
  document.getElementById("shutter").addEventListener("click", shoot);
  video.addEventListener("click", shoot);
  document.getElementById("close").addEventListener("click", close);
  torch.addEventListener("click", () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    torch.setAttribute("aria-pressed", String(on));
    camera?.torch(on);
  });
  // A hidden page must not keep the camera.
  document.addEventListener("visibilitychange", () => document.hidden && camera && close());
}

/** Opens the camera and reads until a label is taken or the viewfinder is closed. */
export async function open() {
  const { texts, say } = page;
  if (camera) return undefined;
  try {
    camera = await openCamera(video);
  } catch {
    return say(texts.no_camera);
  }
  say("");
  finder.hidden = false;
  choices.hidden = true;
  torch.hidden = !camera.hasTorch;
  live.textContent = texts.aim;
  page.opened();
  finder.scrollIntoView({ block: "start" });
  const taken = await aim(camera);
  return taken && page.take([taken]);
}

function close() {
  camera?.close();
  camera = null;
  finder.hidden = true;
  choices.hidden = false;
  place.replaceChildren();
  torch.setAttribute("aria-pressed", "false");
}

/** Takes what is in view and hands it in. */
async function shoot() {
  const picture = camera?.picture();
  const photo = picture && (await jpegOf(picture, picture.width, picture.height, SIDE_PX).catch(() => null));
  close();
  if (photo) await page.take([photo]);
}

/**
 * Reads frames until two in a row show the same accepted serial within the frame; answers the second
 * one as a photo, with the viewfinder closed; undefined if the person closed it. One frame is under
 * way at a time, so the service sets the pace.
 */
async function aim(mine) {
  const isOpen = () => camera === mine && !document.hidden;
  let last = null;
  let read = null;
  let readAt = 0;
  let changedAt = Date.now();
  while (isOpen()) {
    const picture = mine.picture();
    const sketch = sketchOf(picture);
    const changed = !read || difference(read, sketch) >= CHANGE_MIN;
    if (changed) changedAt = Date.now();
    if (Date.now() - changedAt > STILL_MS_MAX) {
      close();
      page.say(page.texts.phone.paused);
      break;
    }
    // What showed nothing and has not changed is read again only as often as a lens needs to focus.
    if (!changed && !last && Date.now() - readAt < STILL_WAIT_MS) {
      await pause(LOOK_MS);
      continue;
    }
    readAt = Date.now();
    const { scan, wait } = await readPicture(picture);
    if (!isOpen()) break;
    if (wait) {
      await pause(wait);
      continue;
    }
    read = sketch;
    const value = draw(scan, picture);
    if (value && value === last && !(await refusal(scan))) {
      // The frame that was read is handed in, not the next one, which may be blurred.
      const photo = await jpegOf(picture, picture.width, picture.height, SIDE_PX);
      close();
      return photo;
    }
    last = value;
  }
  return undefined;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function readPicture(picture) {
  const body = await jpegOf(picture, picture.width, picture.height, READ_SIDE_PX).catch(() => null);
  if (!body) return { wait: 200 };
  const headers = { "Content-Type": "image/jpeg" };
  const response = await fetch("/v1/read", { method: "POST", headers, body }).catch(() => null);
  if (response?.ok) return { scan: await response.json() };
  return { wait: 1000 * (Number(response?.headers.get("Retry-After")) || 2) };
}

/** Says why an accepted serial does not count now, for as long as it takes to read that; true if so. */
async function refusal(scan) {
  const { texts } = page;
  const refused = batch.refusal(scan) ?? (batch.isOn() ? earlier(scan, texts) : undefined);
  if (!refused) return false;
  live.replaceChildren(serial(scan.serial.value, [], true), refused);
  live.classList.add("refused");
  navigator.vibrate?.([80, 60, 80]);
  await pause(REFUSED_MS);
  live.classList.remove("refused");
  return true;
}

/** Draws what a frame showed; answers the accepted serial if it stands within the frame. */
function draw(scan, picture) {
  const { texts } = page;
  const scale = Math.min(1, READ_SIDE_PX / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width * scale, picture.height * scale];
  const quad = scan.serial?.place?.quad;
  place.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const polygon = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
  polygon.setAttribute("points", (quad ?? []).map((p) => `${p.x},${p.y}`).join(" "));
  place.replaceChildren(...(quad ? [polygon] : []));
  const value = scan.serial?.value ?? null;
  const isInside = quad && isWithin(quad, width, height);
  if (value && isInside) {
    live.replaceChildren(serial(value, [], true));
    return value;
  }
  const [reason] = scan.reasons ?? [];
  const hint = value ? texts.phone.into_frame : reason ? (texts.reasons[reason.code] ?? reason.hint) : texts.aim;
  if (live.textContent !== hint) live.textContent = hint;
  return null;
}

/** Whether a place in a picture of this size stands within the frame that is drawn over it. */
function isWithin(quad, width, height) {
  const [box, view] = [frame.getBoundingClientRect(), video.getBoundingClientRect()];
  const [x, y] = [width / view.width, height / view.height];
  const margin = { x: box.width * FRAME_MARGIN, y: box.height * FRAME_MARGIN };
  const left = (box.left - view.left - margin.x) * x;
  const right = (box.right - view.left + margin.x) * x;
  const top = (box.top - view.top - margin.y) * y;
  const bottom = (box.bottom - view.top + margin.y) * y;
  return quad.every((p) => p.x >= left && p.x <= right && p.y >= top && p.y <= bottom);
}

/** Grey values of a picture made very small. */
function sketchOf(picture) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SKETCH_PX;
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, SKETCH_PX, SKETCH_PX);
  const { data } = context.getImageData(0, 0, SKETCH_PX, SKETCH_PX);
  return Array.from({ length: SKETCH_PX * SKETCH_PX }, (_, at) => (data[4 * at] + data[4 * at + 1] + data[4 * at + 2]) / 3);
}

function difference(one, other) {
  return one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length;
}
