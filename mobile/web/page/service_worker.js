// build.py writes `self.SITE`, with the files of the page, their version, and the headers.
importScripts("precache.js");

const { SITE } = self;
const OURS = "keras_pisr ";
const PAGE = `${OURS}page ${SITE.version}`;
// The runtime is large and changes rarely, so its files are kept when the browser asks for them.
const RUNTIME = `${OURS}runtime ${SITE.runtime}`;

self.addEventListener("install", (event) => {
  const files = SITE.files.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(PAGE).then((cache) => cache.addAll(files)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith(OURS) && name !== PAGE && name !== RUNTIME;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

/** The response with the headers that a static host may not be able to send. */
function withHeaders(answer) {
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(SITE.headers)) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}

async function answerTo(request) {
  const path = request.url.slice(self.registration.scope.length).replace(/[?#].*/, "") || "index.html";
  const cache = await caches.open(path.startsWith("vendor/") ? RUNTIME : PAGE);
  const kept = await cache.match(new URL(path, self.registration.scope));
  if (kept) return withHeaders(kept);
  const answer = await fetch(request);
  if (answer.ok && path.startsWith("vendor/")) await cache.put(request, answer.clone());
  return withHeaders(answer);
}

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(self.registration.scope)) event.respondWith(answerTo(event.request));
});
