import { Refusal } from "./refusal.js";

/**
 * Hear of photos that are chosen, dropped or pasted.
 *
 * @param {HTMLInputElement} field Where files are chosen; nothing counts while it is disabled.
 * @param {HTMLElement} target Marked while something is dragged over the page.
 * @param {function(File[]): void} onPhotos Told of one photo or more.
 * @param {function(Error): void} onError Told why nothing came of it.
 */
export function listenForPhotos(field, target, onPhotos, onError) {
  const take = (files) => {
    if (field.disabled) return;
    if (files.length) onPhotos([...files]);
    else onError(new Refusal("That was no file. Save the image first, then choose the file."));
  };
  // So that the photo of before is a choice again.
  field.addEventListener("click", () => (field.value = ""));
  field.addEventListener("change", () => {
    if (field.files.length) take(field.files);
  });
  // Beside the field too: a photo that misses it would replace the page.
  addEventListener("dragover", (event) => {
    event.preventDefault();
    target.classList.add("over");
  });
  addEventListener("dragleave", () => target.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    target.classList.remove("over");
    take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => take(event.clipboardData.files));
}
