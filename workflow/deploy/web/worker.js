// Keeps the page on this device: what the server sends is taken, and kept for when there is no connection.

const CACHE = "page";

/** What the page needs before it is asked anything. */
async function neededFiles() {
  const facts = await (await fetch("page.json")).json();
  const runtime = ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"].map((name) => `onnxruntime/${name}`);
  const own = ["./", "style.css", "page.js", "duel.js", "pixels.js", "page.json"];
  return [...own, ...runtime, facts.networks[0].file, ...facts.examples.map(({ file }) => file)];
}

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(Promise.all([caches.open(CACHE), neededFiles()]).then(([cache, files]) => cache.addAll(files)));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !event.request.url.startsWith(registration.scope)) return;
  event.respondWith(answer(event.request));
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
