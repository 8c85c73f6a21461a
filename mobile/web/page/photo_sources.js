import { Refusal } from "./refusal.js";

/**
 * Listen for photos that are chosen, dropped or pasted.
 *
 * @param {HTMLInputElement} field Field for files; photos are ignored while it is disabled.
 * @param {HTMLElement} target Element that is marked while an object is dragged over the page.
 * @param {function(File[]): void} onPhotos Called with one photo or more.
 * @param {function(Error): void} onError Called with the reason if there is no photo.
 */
export function listenForPhotos(field, target, onPhotos, onError) {
  const take = (files) => {
    if (field.disabled) return;
    if (files.length) onPhotos([...files]);
    else onError(new Refusal("That was no file. Save the image first, then choose the file."));
  };
  // This lets the user choose the same photo again.
  field.addEventListener("click", () => (field.value = ""));
  field.addEventListener("change", () => {
    if (field.files.length) take(field.files);
  });
  // Listen outside the field, too: a photo that is dropped beside it would replace the page.
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
