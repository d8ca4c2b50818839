// Photos that still have to reach the service. Each is kept in IndexedDB, before anything else is
// done with it, with whose it is and with the Idempotency-Key that it will always be sent under, so
// that a reload, a dead battery or a lost answer can repeat an upload but never double a scan. An
// entry leaves only after the service has answered for it, or a person has read why the service
// refused it.

import { sendInParts } from "./parts.js";
import { reduced } from "./photo.js";

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
      // At once: a page that is left before its requests are answered would take them back.
      transaction.commit?.();
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/**
 * Keeps photos, each of one terminal with its details, until the service has them: all of them or,
 * where there is no room, none. Answers the entries. What is kept is what was chosen; it is reduced
 * only when its turn comes.
 */
export async function keep(files, details, owner) {
  const now = Date.now();
  const entries = files.map((file, at) => ({
    key: newKey(), photos: [file], whole: true, details: details[at], owner, keptAt: now + at,
  }));
  await updateAll(entries);
  return entries;
}

/** Keeps entries as they are now. */
export function updateAll(entries) {
  return transact("readwrite", (store) => entries.map((entry) => store.put(entry)).at(-1));
}

function update(entry) {
  return updateAll([entry]);
}

/** Bytes below which a phone is nearly full. */
const ROOM_BYTES_MIN = 200 * 1024 * 1024;

/** Whether the browser may drop what is kept: it was not asked, said no, or is nearly full. */
export async function mayBeDropped() {
  const storage = navigator.storage;
  const safe = await storage?.persist?.().catch(() => false);
  const { quota = 0, usage = 0 } = (await storage?.estimate?.().catch(() => null)) ?? {};
  return !safe || (quota > 0 && quota - usage < ROOM_BYTES_MIN);
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
 * `{retry}` with milliseconds when the same entry has to be sent again later, `{signIn: true}` when
 * nobody is signed in and `{otherPerson: true}` when it is not the entry's owner.
 */
export async function send(entry) {
  // Once reduced it is kept so: what is sent again must be the same bytes.
  if (entry.whole) {
    await update(Object.assign(entry, { photos: await Promise.all(entry.photos.map(reduced)), whole: false }));
  }
  const { body, type } = form(entry);
  const headers = {
    "Idempotency-Key": entry.key, "Content-Type": type, "Labelscan-Sender": encodeURIComponent(entry.owner),
  };
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
  const problem = await response.json().catch(() => ({ code: "internal" }));
  if (problem.code === "sender_changed") return { otherPerson: true };
  const again = [403, 404, 408, 409, 425, 429].includes(response.status) || response.status >= 500;
  if (again) return { retry: 1000 * (Number(response.headers.get("Retry-After")) || 10) };
  await update(Object.assign(entry, { problem }));
  return { problem };
}
