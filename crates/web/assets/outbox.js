// Photos that still have to reach the service. Each is kept in IndexedDB with the Idempotency-Key
// that it will always be sent under, so that a reload, a dead battery or a lost answer can repeat
// an upload but never double a scan. An entry leaves only after the service has answered for it,
// or a person has read why the service refused it.

import { sendInParts } from "./parts.js";

const NAME = "labelscan";
const STORE = "uploads";

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function transact(mode, action) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      // Strict: on the disk before the page says that the photo is kept.
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const request = action(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Keeps the photos of one terminal until the service has them; answers the entry. */
export async function keep(photos, details) {
  // Browsers drop what sites keep when a phone is full, unless they were asked not to.
  navigator.storage?.persist?.().catch(() => {});
  const entry = { key: newKey(), photos, details, keptAt: Date.now() };
  await update(entry);
  return entry;
}

function update(entry) {
  return transact("readwrite", (store) => store.put(entry));
}

/** Everything that the service has not taken, oldest first; what it refused has a `problem`. */
export async function kept() {
  const entries = await transact("readonly", (store) => store.getAll());
  return entries.sort((a, b) => a.keptAt - b.keptAt);
}

/** Forgets an entry that the service has answered for. */
export function forget(key) {
  return transact("readwrite", (store) => store.delete(key));
}

// crypto.randomUUID exists only in secure contexts; a phone on plain HTTP has none.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The form of an entry as one body. It is the same bytes each time, so that a part that was sent
 * before a reload fits the rest that is sent after it.
 */
function form(entry) {
  const boundary = `labelscan-${entry.key}`;
  const head = (name, rest) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${rest}\r\n\r\n`;
  const parts = entry.photos.flatMap((photo) => [head("photo", '; filename="photo"'), photo, "\r\n"]);
  if (entry.details) parts.push(head("details", ""), JSON.stringify(entry.details), "\r\n");
  const body = new Blob([...parts, `--${boundary}--\r\n`]);
  return { body, type: `multipart/form-data; boundary=${boundary}` };
}

/**
 * Sends one entry: at once, and once the network has failed it, in parts that can be resumed.
 * Answers `{scan}` when the service has it, `{problem}` when it refused the photos for good,
 * `{retry}` with milliseconds when the same entry has to be sent again later, and `{signIn: true}`
 * when nobody is signed in.
 */
export async function send(entry) {
  const { body, type } = form(entry);
  const headers = { "Idempotency-Key": entry.key, "Content-Type": type };
  let response;
  try {
    response = entry.cut
      ? await sendInParts(body, headers, entry.upload, (upload) => update(Object.assign(entry, { upload })))
      : await fetch("/v1/scans", { method: "POST", headers, body });
    // An answer that breaks off is a network that failed, too.
    if (response.ok) return { scan: await response.json() };
  } catch {
    if (!entry.cut) await update(Object.assign(entry, { cut: true }));
    return { retry: 5000 };
  }
  if (response.status === 401) return { signIn: true };
  const again = [403, 404, 408, 409, 425, 429].includes(response.status) || response.status >= 500;
  if (again) return { retry: 1000 * (Number(response.headers.get("Retry-After")) || 10) };
  const problem = await response.json().catch(() => ({ code: "internal" }));
  await update(Object.assign(entry, { problem }));
  return { problem };
}
