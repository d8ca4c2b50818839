// What every page of the console does: times in the reader's own zone, calls that say what failed.

const zoned = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });

/** Writes every `<time>` below `root` as the reader's clock shows it; the UTC time stays as its title. */
export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime()) || time.dateTime.length <= 10) continue;
    time.title = time.dateTime;
    time.textContent = zoned.format(at);
  }
}

/**
 * Makes a call. Answers `{ ok, status, body, location }`; `body` is what the service said, null if it
 * said nothing; `status` is 0 without a connection; `location` is where what was made is.
 */
export async function call(method, path, body) {
  const json = body !== undefined && !(body instanceof Blob);
  const response = await fetch(path, {
    method,
    headers: json ? { "Content-Type": "application/json" } : {},
    body: json ? JSON.stringify(body) : body,
  }).catch(() => null);
  if (!response) return { ok: false, status: 0, body: null, location: null };
  if (response.status === 401) location.assign("/sign-in");
  const text = await response.text();
  let parsed = null;
  try {
    parsed = text ? JSON.parse(text) : null;
  } catch {
    // An answer that is not ours, from a proxy say: the status is all there is to it.
  }
  return { ok: response.ok, status: response.status, body: parsed, location: response.headers.get("Location") };
}

/** Shows a text in the element, or hides it if there is none. */
export function say(element, text) {
  element.textContent = text ?? "";
  element.hidden = !text;
}

localTimes(document);
