// Photos that still have to reach the service. Each is kept in IndexedDB with the Idempotency-Key
// that it will always be sent under, so that a reload, a dead battery or a lost answer can repeat
// an upload but never double a scan. An entry leaves only after the service has answered for it.

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
      const transaction = database.transaction(STORE, mode);
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
  const entry = { key: newKey(), photos, details, keptAt: Date.now() };
  await transact("readwrite", (store) => store.put(entry));
  return entry;
}

/** Everything that still has to be sent, oldest first. */
export async function waiting() {
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
 * Sends one entry. Answers `{scan}` when the service has it, `{problem}` when it refused the
 * photos for good, `{retry}` with milliseconds when the same entry has to be sent again later,
 * and `{signIn: true}` when nobody is signed in.
 */
export async function send(entry) {
  const form = new FormData();
  for (const photo of entry.photos) form.append("photo", photo, "photo");
  if (entry.details) form.append("details", JSON.stringify(entry.details));
  let response;
  try {
    response = await fetch("/v1/scans", {
      method: "POST",
      headers: { "Idempotency-Key": entry.key },
      body: form,
    });
  } catch {
    return { retry: 5000 };
  }
  if (response.ok) return { scan: await response.json() };
  if (response.status === 401) return { signIn: true };
  const again = [403, 408, 425, 429].includes(response.status) || response.status >= 500;
  if (again) return { retry: 1000 * (Number(response.headers.get("Retry-After")) || 10) };
  return { problem: await response.json().catch(() => ({ code: "internal" })) };
}
