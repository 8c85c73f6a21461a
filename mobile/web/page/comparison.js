const MOST_ZOOM = 16;
/** Beyond this zoom, pixels are shown as squares, so that the browser does not smooth them. */
const SQUARES_FROM = 3;
/** Width of the part of a picture that is shown first, px, if the zoom allows. */
const DETAIL = 260;

const between = (value, least, most) => Math.min(Math.max(value, least), most);

/** Two canvases of one size in a view, with a divider: bicubic on its left, the network on its right. */
export class Comparison {
  /**
   * @param {HTMLElement} view Element that holds both canvases and the divider, and has the focus for keys.
   * @param {HTMLCanvasElement} ours Canvas that is shown right of the divider, above `plain`.
   * @param {HTMLCanvasElement} plain Canvas that is shown left of it.
   * @param {HTMLElement} divider A slider of 0 to 100.
   * @param {function(number): void} onZoom Called with the zoom, in screen pixels (CSS) per pixel.
   */
  constructor(view, ours, plain, divider, onZoom) {
    Object.assign(this, { view, ours, plain, divider, onZoom });
    [this.zoom, this.x, this.y, this.share] = [1, 0, 0, 0.5];
    this.fingers = new Map();
    this.detail = null;
    this.listen();
  }

  get fitting() {
    const { clientWidth, clientHeight } = this.view;
    return Math.min(clientWidth / this.ours.width, clientHeight / this.ours.height, MOST_ZOOM);
  }

  /** Begin with new pictures, where they differ most: `{x, y}` in their pixels. */
  show(detail) {
    this.detail = detail;
    this.view.style.aspectRatio = `${this.ours.width} / ${this.ours.height}`;
    this.showDetail();
  }

  fit() {
    this.zoom = 0;
    this.place();
  }

  /** Zoom in, with the place where the two differ most under the divider. */
  showDetail() {
    const { clientWidth, clientHeight } = this.view;
    this.zoom = Math.max(this.fitting, between(clientWidth / DETAIL, 2, 4));
    this.x = this.share * clientWidth - this.detail.x * this.zoom;
    this.y = clientHeight / 2 - this.detail.y * this.zoom;
    this.place();
  }

  /** Zoom, with one point of the view kept in place. */
  zoomTo(zoom, x = this.view.clientWidth / 2, y = this.view.clientHeight / 2) {
    const next = between(zoom, this.fitting, Math.max(MOST_ZOOM, this.fitting));
    this.x = x - ((x - this.x) * next) / this.zoom;
    this.y = y - ((y - this.y) * next) / this.zoom;
    this.zoom = next;
    this.place();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.place();
  }

  /** Put the divider at a distance from the left, given as a share of the view. */
  divide(share) {
    this.share = between(share, 0, 1);
    this.place();
  }

  /** Limit the requested zoom and place to possible values, and show the result. */
  place() {
    const { clientWidth, clientHeight } = this.view;
    if (!clientWidth) return;
    this.zoom = Math.max(this.zoom, this.fitting);
    const inside = (at, length, room) => (length <= room ? (room - length) / 2 : between(at, room - length, 0));
    this.x = inside(this.x, this.ours.width * this.zoom, clientWidth);
    this.y = inside(this.y, this.ours.height * this.zoom, clientHeight);
    const [transform, left] = [`translate(${this.x}px, ${this.y}px) scale(${this.zoom})`, this.share * clientWidth];
    for (const canvas of [this.ours, this.plain]) canvas.style.transform = transform;
    const hidden = between((left - this.x) / this.zoom, 0, this.ours.width);
    this.ours.style.clipPath = `inset(0 0 0 ${hidden}px)`;
    this.divider.style.left = `${left}px`;
    const percent = Math.round(100 * this.share);
    this.divider.setAttribute("aria-valuenow", percent);
    this.divider.setAttribute("aria-valuetext", `${percent} % bicubic, ${100 - percent} % network`);
    this.view.classList.toggle("squares", this.zoom >= SQUARES_FROM);
    // While the whole picture is shown, a finger that moves up or down scrolls the page.
    this.view.classList.toggle("zoomed", this.zoom > this.fitting * 1.001);
    this.onZoom(this.zoom);
  }

  listen() {
    const { view, divider } = this;
    new ResizeObserver(() => this.place()).observe(view);
    view.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    view.addEventListener("keydown", (event) => this.onKey(event));
    view.addEventListener("dblclick", (event) => {
      if (event.target === divider) return;
      if (this.view.classList.contains("zoomed")) this.fit();
      else this.zoomTo(4 * this.zoom, ...this.at(event));
    });
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      view.addEventListener(name, (event) => this.onPointer(event));
      divider.addEventListener(name, (event) => this.onDivider(event));
    }
  }

  /** Place of an event in the view, px. */
  at({ clientX, clientY }) {
    const { left, top } = this.view.getBoundingClientRect();
    return [clientX - left - this.view.clientLeft, clientY - top - this.view.clientTop];
  }

  onWheel(event) {
    const outwards = event.deltaY > 0;
    // A user who scrolls down the page must get past a picture that is shown whole.
    if (outwards && !this.view.classList.contains("zoomed")) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    const step = between(event.deltaY * lines, -100, 100);
    this.zoomTo(this.zoom * 2 ** (-step / (event.ctrlKey ? 50 : 250)), ...this.at(event));
  }

  onDivider(event) {
    event.stopPropagation();
    if (event.type === "pointerdown") this.divider.setPointerCapture(event.pointerId);
    if (!this.divider.hasPointerCapture(event.pointerId)) return;
    this.divide(this.at(event)[0] / this.view.clientWidth);
  }

  /** One finger pans; two fingers zoom around their middle. */
  onPointer(event) {
    const { pointerId: id, type } = event;
    if (type === "pointerdown") {
      this.view.setPointerCapture(id);
      this.fingers.set(id, this.at(event));
    } else if (type !== "pointermove") {
      this.fingers.delete(id);
    } else if (this.fingers.has(id)) {
      const before = this.fingers.get(id);
      const now = this.at(event);
      const other = [...this.fingers].find(([key]) => key !== id)?.[1];
      this.fingers.set(id, now);
      const share = other ? 0.5 : 1;
      this.pan(share * (now[0] - before[0]), share * (now[1] - before[1]));
      if (!other) return;
      const apart = ([x, y]) => Math.max(Math.hypot(x - other[0], y - other[1]), 1);
      const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      this.zoomTo((this.zoom * apart(now)) / apart(before), ...middle);
    }
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onDivider = event.target === this.divider;
    const { share } = this;
    const step = (dx, dy) => () => this.pan(dx * this.view.clientWidth, dy * this.view.clientHeight);
    const to = (value) => () => this.divide(value);
    const arrows = onDivider
      ? { ArrowLeft: to(share - 0.01), ArrowRight: to(share + 0.01), ArrowDown: to(share - 0.01), ArrowUp: to(share + 0.01),
          PageDown: to(share - 0.1), PageUp: to(share + 0.1), Home: to(0), End: to(1) }
      : { ArrowLeft: step(0.1, 0), ArrowRight: step(-0.1, 0), ArrowUp: step(0, 0.1), ArrowDown: step(0, -0.1) };
    const zooms = {
      "+": () => this.zoomTo(this.zoom * 1.25),
      "=": () => this.zoomTo(this.zoom * 1.25),
      "-": () => this.zoomTo(this.zoom / 1.25),
      0: () => this.fit(),
      1: () => this.zoomTo(1),
      d: () => this.showDetail(),
    };
    const action = { ...arrows, ...zooms }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
