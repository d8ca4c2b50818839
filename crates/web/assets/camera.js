// The phone's back camera, its torch, and what of its picture can be seen.

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
    picture: () => visible(video),
  };
}

/**
 * What a person sees of the camera's picture, at the camera's own resolution: the video fills its
 * box and is cut off beside it (`object-fit: cover`). What is not seen is not read: it may be the
 * neighbour's label.
 */
function visible(video) {
  const { clientWidth, clientHeight, videoWidth, videoHeight } = video;
  const scale = Math.max(clientWidth / videoWidth, clientHeight / videoHeight);
  const [width, height] = [clientWidth / scale, clientHeight / scale];
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width);
  canvas.height = Math.round(height);
  const [left, top] = [(videoWidth - width) / 2, (videoHeight - height) / 2];
  canvas.getContext("2d").drawImage(video, left, top, width, height, 0, 0, canvas.width, canvas.height);
  return canvas;
}
