// An upload over a network that breaks: the IETF's resumable uploads
// (draft-ietf-httpbis-resumable-upload). The service keeps what has arrived; after a break it says
// how much that is, and only the rest is sent.

/** Small enough to get through between two breaks, large enough not to wait for each answer. */
const PART_BYTES = 128 * 1024;

/**
 * Sends a body, resuming the upload at `address` if there is one. `begun(address)` is called, and
 * waited for, when a new upload was begun, and with null when the old one is gone. Answers the
 * last response: the service's answer to the whole, or its refusal. Throws if the network fails.
 */
export async function sendInParts(body, headers, address, begun) {
  let offset = 0;
  if (address) {
    const known = await fetch(address, { method: "HEAD" });
    if (known.ok) {
      offset = Number(known.headers.get("Upload-Offset"));
    } else if (known.status === 404) {
      await begun(null);
      address = null;
    } else {
      return known;
    }
  }
  if (!address) {
    const created = await fetch("/v1/scans", {
      method: "POST",
      headers: { ...headers, "Upload-Complete": "?0", "Upload-Length": String(body.size) },
    });
    if (!created.ok) return created;
    address = created.headers.get("Location");
    await begun(address);
  }
  for (;;) {
    const end = Math.min(offset + PART_BYTES, body.size);
    const last = end === body.size;
    const response = await fetch(address, {
      method: "PATCH",
      headers: {
        "Content-Type": "application/partial-upload",
        "Upload-Offset": String(offset),
        "Upload-Complete": last ? "?1" : "?0",
      },
      body: body.slice(offset, end),
    });
    if (last || !response.ok) return response;
    offset = end;
  }
}
