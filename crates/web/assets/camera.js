// The viewfinder: the phone's back camera, its torch, and frames to read while the person aims.

import { SIDE_PX, jpegOf } from "./photo.js";

/** True where the browser lets a page use the camera at all (HTTPS or this same machine). */
export function cameraOffered() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/** True if the person has allowed the camera before, so that opening it asks nothing. */
export async function cameraAllowed() {
  const permission = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
  return permission?.state === "granted";
}

/** Opens the camera into a video element. Rejects if the person or the phone says no. */
export async function openCamera(video) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: { ideal: "environment" }, width: { ideal: 2560 }, height: { ideal: 1440 } },
  });
  video.srcObject = stream;
  await video.play();
  const [track] = stream.getVideoTracks();
  return {
    hasTorch: Boolean(track.getCapabilities?.().torch),
    torch: (on) => track.applyConstraints({ advanced: [{ torch: on }] }).catch(() => {}),
    close() {
      stream.getTracks().forEach((each) => each.stop());
      video.srcObject = null;
    },
    /** The current frame as JPEG, as large as photos are sent. */
    frame: () => jpegOf(video, video.videoWidth, video.videoHeight, SIDE_PX),
  };
}

/**
 * Reads frames until two in a row give the same accepted serial; resolves to the second frame and
 * what was read in it, to null when `open()` turns false. One frame is under way at a time, so the
 * service sets the pace. `hint` hears what each frame showed.
 */
export async function readLive(camera, open, hint) {
  let last = null;
  while (open()) {
    const { scan, frame, wait } = await readFrame(camera);
    if (!open()) break;
    if (wait) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      continue;
    }
    hint(scan);
    const value = scan.serial?.value ?? null;
    // The frame that was read is handed in, not the next one, which may be blurred.
    if (value && value === last) return { frame, scan };
    last = value;
  }
  return null;
}

async function readFrame(camera) {
  const frame = await camera.frame().catch(() => null);
  if (!frame) return { wait: 200 };
  const headers = { "Content-Type": "image/jpeg" };
  const response = await fetch("/v1/read", { method: "POST", headers, body: frame }).catch(() => null);
  if (response?.ok) return { frame, scan: await response.json() };
  return { wait: 1000 * (Number(response?.headers.get("Retry-After")) || 2) };
}
