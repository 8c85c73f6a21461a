import { MAX_PIXELS, Refusal, Upscaler } from "./upscaler.js";

const element = (id) => document.getElementById(id);
const [file, drop, view, divider, slider, full] = ["file", "drop", "view", "divider", "slider", "full"].map(element);
const [ours, plain] = [element("ours"), element("plain")];
let upscaler = null;
let name = "photo";
// Counts photos: a new one ends the work on the one before, and starts when that has ended.
let turn = 0;
let work = Promise.resolve();

function showError(error) {
  if (!(error instanceof Refusal)) console.error(error);
  element("error").textContent = error instanceof Refusal ? error.message : `This failed: ${error?.message ?? error}`;
  element("progress").hidden = true;
  say("");
}

function say(text) {
  element("status").textContent = text;
}

/** The photo as the browser decodes it: upright by its EXIF, in sRGB; transparency becomes white. */
async function readPhoto(blob) {
  const image = new Image();
  const address = URL.createObjectURL(blob);
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new Refusal(`${blob.name || "This"} is not an image that this browser can read.`));
      image.src = address;
    });
    const { naturalWidth: width, naturalHeight: height } = image;
    if (!width || !height) throw new Refusal(`${blob.name} has no size of its own, and cannot be enlarged.`);
    if (width * height > MAX_PIXELS) {
      throw new Refusal(
        `${blob.name} has ${width} x ${height} px; this page takes ${MAX_PIXELS / 1e6} million px at most. ` +
          "For larger photos there is the command keras-pisr upscale.",
      );
    }
    const source = context(document.createElement("canvas"), width, height);
    source.fillStyle = "white";
    source.fillRect(0, 0, width, height);
    source.drawImage(image, 0, 0);
    return source;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** The context of a canvas of this size, if the browser really gives one so large. */
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

function enlarge(blob) {
  const mine = ++turn;
  work = work.then(() => enlargeNow(blob, () => mine !== turn));
}

async function enlargeNow(blob, isOver) {
  if (isOver()) return;
  element("error").textContent = "";
  element("result").hidden = true;
  say("Reading the photo…");
  try {
    const source = await readPhoto(blob);
    if (isOver()) return;
    const { width, height } = source.canvas;
    const { scale } = upscaler;
    const large = [ours, plain].map((canvas) => context(canvas, width * scale, height * scale));
    element("progress").hidden = false;
    say("Enlarging…");
    let last;
    for await (const state of upscaler.upscale(source, ...large)) {
      last = state;
      [element("progress").value, element("progress").max] = [state.done, state.total];
      // The browser draws and listens between tiles.
      await new Promise((resolve) => setTimeout(resolve));
      if (isOver()) return;
    }
    name = (blob.name || "photo").replace(/\.[^.]*$/, "");
    element("progress").hidden = true;
    element("result").hidden = false;
    divide();
    say(
      `${width} x ${height} to ${width * scale} x ${height * scale} px. The network took ` +
        `${last.milliseconds.toFixed(0)} ms for ${last.total} tile${last.total > 1 ? "s" : ""} of ` +
        `${upscaler.width} x ${upscaler.height} px on ${upscaler.backend}.`,
    );
  } catch (error) {
    if (!isOver()) showError(error);
  }
}

/** Left of the divider, which stays in place when the view scrolls, lies bicubic. */
function divide() {
  const share = slider.value / 100;
  const left = share * view.clientWidth;
  // Of the canvas, what has scrolled out on the left is hidden too.
  ours.style.clipPath = `inset(0 0 0 ${view.scrollLeft + left}px)`;
  divider.style.left = `${left - 1}px`;
  slider.setAttribute("aria-valuetext", `${slider.value} % bicubic, ${100 - slider.value} % network`);
}

async function download() {
  const blob = await new Promise((resolve) => ours.toBlob(resolve, "image/png"));
  if (!blob) return showError(new Refusal("This browser cannot write an image so large."));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}_x${upscaler.scale}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

file.addEventListener("change", () => file.files[0] && enlarge(file.files[0]));
slider.addEventListener("input", divide);
view.addEventListener("scroll", divide);
new ResizeObserver(divide).observe(view);
full.addEventListener("change", () => {
  view.firstElementChild.classList.toggle("full", full.checked);
  divide();
});
element("download").addEventListener("click", download);

// Beside the field too: a photo that misses it would replace the page.
addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const [dropped] = event.dataTransfer.files;
  if (!upscaler) return;
  if (dropped) enlarge(dropped);
  else showError(new Refusal("That was no file. Save the image first, then drop the file."));
});

try {
  upscaler = await Upscaler.load(new URL("model.tflite", location.href));
  file.disabled = false;
  say(`Ready: x${upscaler.scale} on ${upscaler.backend}.`);
} catch (error) {
  showError(error);
}
