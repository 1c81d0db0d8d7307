import * as ort from "./onnxruntime/ort.wasm.bundle.min.mjs";
import { compare } from "./duel.js";
import { decoded, pixelsOf, Refusal } from "./pixels.js";

ort.env.wasm.numThreads = 1; // more need headers that a static host does not send
ort.env.wasm.wasmPaths = { wasm: new URL("./onnxruntime/ort-wasm-simd-threaded.wasm", import.meta.url).href };

const MOST_ANSWERS = 200; // in view; older ones leave, so that memory stays flat
const THUMBNAIL = 320; // pixels

const byId = (id) => document.getElementById(id);
const sessions = new Map();
let page;
let queue = Promise.resolve();

/** An element with a class and children, which are elements or text. */
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function say(text) {
  byId("status").textContent = text;
}

/** The network's session, opened at the first call and run once, because its first run is slower. */
function opened(network) {
  if (!sessions.has(network.file)) {
    const opening = fetched(network).then(async (bytes) => {
      const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
      await session.run({ image: imageOf(network, new Uint8Array(network.pixels.size ** 2 * 3)) });
      return session;
    });
    opening.catch(() => sessions.delete(network.file)); // so that the next picture tries again
    sessions.set(network.file, opening);
  }
  return sessions.get(network.file);
}

/** The bytes of a network's file. */
async function fetched(network) {
  const response = await fetch(network.file).catch(() => null);
  if (!response?.ok) {
    throw new Refusal(
      `${network.name} cannot be loaded: there is no connection to this page's server. Connect, and try again; what is ` +
        "on this page stays.",
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}

function imageOf(network, data) {
  const { size } = network.pixels;
  return new ort.Tensor("uint8", data, [1, size, size, 3]);
}

/** Probabilities of the classes, and the milliseconds of the network. */
async function answerOf(network, bitmap) {
  const session = await opened(network);
  const image = imageOf(network, pixelsOf(bitmap, network.pixels));
  const start = performance.now();
  const { probability } = await session.run({ image });
  const milliseconds = performance.now() - start;
  const given = Array.from(probability.data);
  return { probabilities: page.classes.length === 2 ? [1 - given[0], given[0]] : given, milliseconds };
}

/** The networks that answer now. */
function asked() {
  return page.networks.filter((network, position) => position === 0 || byId("with-teacher").checked);
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** A small copy of a picture, on white. */
async function thumbnail(bitmap) {
  const scale = Math.min(1, THUMBNAIL / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(...[bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(scale * side))));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const url = URL.createObjectURL(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 }));
  const image = element("img");
  image.alt = "";
  image.src = url;
  await image.decode().catch(() => {});
  URL.revokeObjectURL(url);
  return image;
}

/**
 * A picture with what networks say of it, and whether that is right where its class is known.
 *
 * @param {string} name
 * @param {ImageBitmap} bitmap
 * @param {Map<object, {probabilities: number[], milliseconds: number}>} given
 * @param {?number} label position of its class
 */
async function pictureWith(name, bitmap, given, label = null) {
  const list = element("dl", "given", ...Array.from(given, ([network, answer]) => entry(network, answer, label)));
  return element("li", "answer", await thumbnail(bitmap), element("div", "words", element("p", "file", name), list));
}

/** What a network says of a picture, as a group of a description list. */
function entry(network, { probabilities, milliseconds }, label) {
  const order = probabilities.map((_, position) => position).sort((a, b) => probabilities[b] - probabilities[a]);
  const [best, second] = order;
  const bar = element("progress");
  bar.value = probabilities[best];
  bar.setAttribute("aria-hidden", "true");
  const words = element("dd", "", element("strong", "", page.classes[best]), ` ${percent(probabilities[best])}`, bar);
  if (label !== null) {
    const right = best === label;
    words.append(element("div", right ? "right" : "wrong", right ? "right" : `wrong: ${page.classes[label]}`));
  }
  const further = page.classes.length > 2 ? `${page.classes[second]} ${percent(probabilities[second])}, ` : "";
  words.append(element("div", "further", `${further}${milliseconds.toFixed(0)} ms`));
  words.dataset.network = network.name;
  words.dataset.probabilities = JSON.stringify(probabilities);
  return element("div", "", element("dt", "", network.name), words);
}

/** Show a picture and its answers, the newest first. */
async function classify(file, name) {
  let shown;
  let bitmap;
  try {
    bitmap = await decoded(file);
    const given = new Map();
    for (const network of asked()) {
      say(`Classifying ${name}`);
      given.set(network, await answerOf(network, bitmap));
      await new Promise((resolve) => setTimeout(resolve)); // so that the page stays alive between two networks
    }
    shown = await pictureWith(name, bitmap, given);
  } catch (error) {
    const failed = `The network cannot be run: ${error.message ?? error}. Load the page again.`;
    const refused = element("p", "refused", error instanceof Refusal ? error.message : failed);
    shown = element("li", "answer", element("div", "words", element("p", "file", name), refused));
  } finally {
    bitmap?.close();
  }
  byId("answers").prepend(shown);
  if (byId("answers").children.length > MOST_ANSWERS) byId("answers").lastElementChild.remove();
}

/** Classify files one after another. */
function take(files) {
  const given = Array.from(files);
  queue = queue.then(async () => {
    for (const file of given) await classify(file, file.name);
    if (given.length) say("Ready.");
  });
}

/** Let both networks answer the pictures of a folder, after what was asked before. */
function duel(files) {
  const tools = { page, answerOf, pictureWith, element, byId, say };
  queue = queue.then(() => compare(files, tools)).catch((error) => say(`The comparison ended: ${error.message ?? error}`));
}

function listenToUser() {
  byId("folder").addEventListener("change", () => {
    duel(Array.from(byId("folder").files));
    byId("folder").value = "";
  });
  for (const input of [byId("files"), byId("camera")]) {
    input.addEventListener("change", () => {
      take(input.files);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
    else say("What you dropped is no file: save the picture first, then drop it.");
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) take(event.clipboardData.files);
    else say("The clipboard holds no picture.");
  });
}

function showExamples() {
  const list = byId("examples").querySelector("ul");
  for (const { file, name } of page.examples) {
    const image = element("img");
    image.src = file;
    image.alt = name;
    const button = element("button", "", image);
    button.type = "button";
    button.addEventListener("click", async () => {
      take([new File([await (await fetch(file)).blob()], name)]);
    });
    list.append(element("li", "", button));
  }
  byId("examples").hidden = page.examples.length === 0;
}

async function start() {
  say("Loading the network");
  page = await (await fetch("page.json")).json();
  const { classes, networks } = page;
  document.title = byId("title").textContent =
    classes.length <= 4 ? `${classes.slice(0, -1).join(", ")} or ${classes.at(-1)}?` : `Which of ${classes.length}?`;
  for (const { name, bytes, accuracy } of networks) {
    const cells = [name, `${(bytes / 1e6).toFixed(1)} MB`, accuracy.toFixed(4)];
    byId("networks").append(element("tr", "", ...cells.map((text) => element("td", "", text))));
  }
  byId("run").textContent = page.run;
  const right = networks.map(({ name, accuracy }) => `${name} answers ${percent(accuracy)} right`).join(", ");
  byId("learned").textContent =
    `Learned from ${page.learned_from}. Of the ${page.test_images.toLocaleString("en")} test images of that kind ${right}.`;
  if (networks.length > 1) {
    byId("both").querySelector("span").textContent =
      `Ask the ${networks[1].name} too (${(networks[1].bytes / 1e6).toFixed(1)} MB to load)`;
    byId("both").hidden = byId("compare").hidden = false;
  }
  showExamples();
  listenToUser();
  await opened(networks[0]);
  say("Ready.");
  workOffline().catch(() => {});
}

/** Keep the page on this device, where the browser allows that, and say which it is. */
async function workOffline() {
  byId("offline").textContent = "This page needs a connection to its server whenever it is opened.";
  if (!("serviceWorker" in navigator)) return; // served without HTTPS, and not from this machine
  await navigator.serviceWorker.register("worker.js");
  await navigator.serviceWorker.ready;
  byId("offline").textContent =
    "This page opens without a connection too. A network is kept on this device once it has answered.";
}

start().catch((error) => say(`The page cannot start: ${error.message ?? error}. Load it again.`));
