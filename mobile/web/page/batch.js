import { save } from "./picture_files.js";
import { zip } from "./zip.js";

/** The list of photos, if there are several: each one's state, its download, and all of them in a zip. */
export class Batch {
  /**
   * @param {HTMLElement} section Section that is shown for two photos or more.
   * @param {HTMLElement} list List with one entry per photo.
   * @param {HTMLButtonElement} button Button that saves all.
   * @param {function(object): void} onCompare Called with the photo to compare with bicubic.
   * @param {function(Error): void} onError Called with the reason why there is no zip.
   */
  constructor(section, list, button, onCompare, onError) {
    Object.assign(this, { section, list, button, onCompare, items: [] });
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        save(await zip(this.done), "enlarged.zip");
      } catch (error) {
        onError(error);
      }
      this.update();
    });
  }

  get done() {
    return this.items.filter((item) => item.blob);
  }

  /** Begin a new list. */
  start(files) {
    this.items = files.map((file) => ({ file, note: "waiting", wanted: true }));
    this.section.hidden = files.length < 2;
    this.list.replaceChildren(...this.items.map((item) => (item.row = this.row(item))));
    this.update();
  }

  row(item) {
    const row = document.createElement("li");
    const [name, note] = [document.createElement("span"), document.createElement("span")];
    name.textContent = item.file.name || "photo";
    const compare = button("Compare", `Compare ${name.textContent}`, () => this.onCompare(item));
    const download = button("Download", `Download ${name.textContent}`, () => save(item.blob, item.name));
    row.append(name, note, compare, download);
    item.show = () => {
      note.textContent = item.note;
      compare.disabled = download.disabled = !item.blob;
    };
    return row;
  }

  /** Another network or format was chosen, so the finished results no longer count. */
  renew() {
    for (const item of this.items) Object.assign(item, { wanted: true, blob: null, note: "waiting" });
    this.update();
  }

  update() {
    for (const item of this.items) item.show();
    this.button.disabled = !this.done.length;
  }
}

function button(text, label, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", onClick);
  return made;
}
