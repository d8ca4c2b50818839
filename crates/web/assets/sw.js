// Lets the page open without a network. It keeps the technician's page and what that page is made
// of, always asks the network first, and never touches a call of the API: photos that wait are
// kept and sent by the page itself.

const CACHE = "pages";
const SHELL = ["/", "/assets/style.css", "/assets/icon.svg", "/assets/language.js", "/assets/capture.js",
  "/assets/afterwards.js", "/assets/batch.js", "/assets/camera.js", "/assets/corrector.js", "/assets/details.js",
  "/assets/element.js", "/assets/finder.js", "/assets/outbox.js", "/assets/parts.js", "/assets/photo.js",
  "/assets/queue.js", "/assets/scan_view.js", "/assets/app.webmanifest"];
const NETWORK_MS = 2500;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const ours = url.origin === location.origin && event.request.method === "GET";
  if (ours && SHELL.includes(url.pathname)) event.respondWith(freshOrKept(event.request, url.pathname));
});

/** The network's answer if it comes soon, else the copy; a late answer still renews the copy. */
async function freshOrKept(request, path) {
  const cache = await caches.open(CACHE);
  const fresh = fetch(request).then((response) => {
    if (response.ok && !response.redirected) cache.put(path, response.clone());
    return response;
  });
  const late = new Promise((resolve) => setTimeout(resolve, NETWORK_MS));
  const answer = await Promise.race([fresh, late]).catch(() => null);
  return answer ?? (await cache.match(path)) ?? fresh;
}
