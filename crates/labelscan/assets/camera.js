// The viewfinder: the phone's back camera, its torch, and frames to read while the person aims.

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
  const canvas = document.createElement("canvas");
  return {
    hasTorch: Boolean(track.getCapabilities?.().torch),
    torch: (on) => track.applyConstraints({ advanced: [{ torch: on }] }).catch(() => {}),
    close() {
      stream.getTracks().forEach((each) => each.stop());
      video.srcObject = null;
    },
    /** The current frame as JPEG, its longer side at most `side` pixels. */
    frame(side, quality) {
      const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
      return new Promise((resolve, reject) => {
        canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no frame"))), "image/jpeg", quality);
      });
    },
  };
}

/**
 * Reads frames until two in a row give the same accepted serial; resolves true then, false when
 * `open()` turns false. One frame is under way at a time, so the service sets the pace. `hint`
 * hears what each frame showed.
 */
export async function readLive(camera, open, hint) {
  let last = null;
  while (open()) {
    const answer = await readFrame(camera);
    if (!open()) break;
    if (answer.wait) {
      await new Promise((resolve) => setTimeout(resolve, answer.wait));
      continue;
    }
    hint(answer.scan);
    const value = answer.scan.serial?.value ?? null;
    if (value && value === last) return true;
    last = value;
  }
  return false;
}

async function readFrame(camera) {
  const body = await camera.frame(1600, 0.85);
  const headers = { "Content-Type": "image/jpeg" };
  const response = await fetch("/v1/read", { method: "POST", headers, body }).catch(() => null);
  if (response?.ok) return { scan: await response.json() };
  return { wait: 1000 * (Number(response?.headers.get("Retry-After")) || 2) };
}
