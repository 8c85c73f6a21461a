import { Batch } from "./batch.js";
import { Comparison } from "./comparison.js";
import { Enlarger } from "./enlarger.js";
import { keepOffline } from "./offline.js";
import { listenForPhotos } from "./photo_sources.js";
import { encode, nameOf, save } from "./picture_files.js";
import { Refusal } from "./refusal.js";

const element = (id) => document.getElementById(id);
const [ours, plain, format, networks, scales] = ["ours", "plain", "format", "network", "scale"].map(element);
// For comparisons, ?run=wasm and ?run=webgpu force the CPU or the GPU.
const only = new URL(location.href).searchParams.get("run");
let site = null;
let enlarger = null;
let loaded = null;
let shown = null;
// Counts requests: a new request ends the work before it, and starts when that work has ended.
let turn = 0;
let work = Promise.resolve();

const comparison = new Comparison(element("view"), ours, plain, element("divider"), (zoom) => {
  element("zoom").textContent = `${Math.round(100 * zoom)} %`;
});
const batch = new Batch(element("batch"), element("list"), element("zip"), compareAgain, showError);

function showError(error) {
  if (!(error instanceof Refusal)) console.error(error);
  element("error").textContent = error instanceof Refusal ? error.message : `This failed: ${error?.message ?? error}`;
  say("");
}

function say(text) {
  element("status").textContent = text;
}

/** The context of a canvas of this size, if the browser really provides such a large one. */
function context(canvas, width, height) {
  [canvas.width, canvas.height] = [width, height];
  const target = canvas.getContext("2d", { colorSpace: "srgb", willReadFrequently: true });
  target?.fillRect(width - 1, height - 1, 1, 1);
  // Some browsers give an empty canvas and no error.
  if (!target || target.getImageData(width - 1, height - 1, 1, 1).data[3] !== 255) {
    throw new Refusal(`This browser cannot hold an image of ${width} x ${height} px. Take a smaller photo.`);
  }
  return target;
}

/** Enlarge into both canvases; null if there was a newer request meanwhile. */
async function enlarge(item, isOver, prefix) {
  say(`${prefix}Reading the photo…`);
  const { scale } = enlarger.facts;
  let [photo, targets, most, done, milliseconds] = [null, null, null, 0, 0];
  for await (const part of enlarger.enlarge(item.file)) {
    if (isOver()) return null;
    if (!photo) {
      photo = part;
      // Take the middle, if the photo is too small to compare.
      most = { difference: -1, x: (photo.width * scale) / 2, y: (photo.height * scale) / 2 };
      targets = [ours, plain].map((canvas) => context(canvas, photo.width * scale, photo.height * scale));
      [element("progress").value, element("progress").max] = [0, photo.total];
      say(`${prefix}Enlarging…`);
      continue;
    }
    const { x, y, width, height } = part;
    targets[0].putImageData(new ImageData(part.ours, width, height), x, y);
    targets[1].putImageData(new ImageData(part.plain, width, height), x, y);
    if (part.most.difference > most.difference) most = { ...part.most, x: x + part.most.x, y: y + part.most.y };
    milliseconds += part.milliseconds;
    element("progress").value = ++done;
  }
  shown = { item, most };
  const { width, height } = photo;
  const tiles = `${done} tile${done > 1 ? "s" : ""} of ${enlarger.facts.width} x ${enlarger.facts.height} px`;
  const { backend, check } = enlarger.facts;
  return (
    `${width} x ${height} to ${width * scale} x ${height * scale} px. The network took ${milliseconds.toFixed(0)} ms ` +
    `for ${tiles} on ${backend}.${check && ` (${check}.)`}`
  );
}

async function loadNetwork() {
  const entry = site.networks[networks.value];
  if (entry === loaded) return;
  loaded = null;
  say(`Loading ${entry.name}…`);
  await enlarger.load(entry, only);
  loaded = entry;
}

/** Do the remaining work of `items`, in order. */
function run(items = batch.items) {
  const mine = ++turn;
  const isOver = () => mine !== turn;
  work = work.then(() => runNow(items, isOver));
}

async function runNow(items, isOver) {
  if (isOver()) return;
  shown = null;
  element("error").textContent = "";
  element("result").hidden = true;
  element("work").hidden = false;
  const many = batch.items.length > 1;
  let text = "";
  try {
    await loadNetwork();
    for (const [i, item] of items.entries()) {
      if (!item.wanted) continue;
      try {
        item.note = "enlarging";
        batch.update();
        text = await enlarge(item, isOver, items.length > 1 ? `Photo ${i + 1} of ${items.length}. ` : "");
        if (text === null) return;
        if (many && !item.blob) {
          item.name = nameOf(item.file, enlarger.facts.scale, format.value);
          item.blob = await encode(ours, format.value);
        }
        Object.assign(item, { wanted: false, note: "done" });
      } catch (error) {
        if (!many || !(error instanceof Refusal)) throw error;
        Object.assign(item, { wanted: false, note: error.message });
      }
      if (isOver()) return;
    }
    const failed = items.length - items.filter((item) => item.note === "done").length;
    const count = `${items.length - failed} of ${items.length} photos are enlarged. `;
    say((items.length > 1 ? count : "") + (items[0]?.credit ?? "") + (text ?? ""));
    if (shown) {
      element("result").hidden = false;
      comparison.show(shown.most);
    }
  } catch (error) {
    if (!isOver()) showError(error);
  } finally {
    batch.update();
    if (!isOver()) element("work").hidden = true;
  }
}

function compareAgain(item) {
  item.wanted = true;
  run([item]);
}

function cancel() {
  turn++;
  for (const item of batch.items) if (item.wanted) item.note = "cancelled";
  batch.update();
  element("work").hidden = true;
  say("Cancelled. Choose another photo, or another network to start again.");
}

async function download() {
  try {
    const { file } = shown.item;
    save(await encode(ours, format.value), nameOf(file, enlarger.facts.scale, format.value));
  } catch (error) {
    showError(error);
  }
}

/** Fill the list of networks with those of the chosen scale. */
function listNetworks() {
  const fitting = [...site.networks.entries()].filter(([, entry]) => entry.scale === Number(scales.value));
  networks.replaceChildren(...fitting.map(([i, entry]) => new Option(entry.name, i)));
}

function renew() {
  batch.renew();
  run();
}

listenForPhotos(element("file"), element("drop"), (files) => (batch.start(files), run()), showError);
scales.addEventListener("change", () => (listNetworks(), renew()));
networks.addEventListener("change", renew);
format.addEventListener("change", () => batch.items.length > 1 && renew());
element("cancel").addEventListener("click", cancel);
element("download").addEventListener("click", download);
element("in").addEventListener("click", () => comparison.zoomTo(1.5 * comparison.zoom));
element("out").addEventListener("click", () => comparison.zoomTo(comparison.zoom / 1.5));
element("fit").addEventListener("click", () => comparison.fit());
element("detail").addEventListener("click", () => comparison.showDetail());

try {
  await keepOffline();
  const answer = await fetch("site.json").catch(() => null);
  if (!answer?.ok) throw new Refusal("There are no networks. Build the page: python mobile/web/build.py --out site");
  site = await answer.json();
  const found = [...new Set(site.networks.map((entry) => entry.scale))];
  scales.replaceChildren(...found.map((scale) => new Option(`x${scale}`, scale)));
  listNetworks();
  enlarger = new Enlarger();
  await loadNetwork();
  for (const field of [element("file"), scales, networks]) field.disabled = false;
  say(`Ready: x${enlarger.facts.scale} on ${enlarger.facts.backend}.`);
  if (site.sample) {
    const picture = await (await fetch(site.sample.file)).blob();
    batch.start([new File([picture], site.sample.file)]);
    batch.items[0].credit = `${site.sample.credit} `;
    run();
  }
} catch (error) {
  showError(error);
}
