import { openPhoto } from "./photo_tiles.js";
import { Network } from "./network.js";
import { Refusal } from "./refusal.js";

/**
 * Answer the calls of `Enlarger`, one after the other.
 *
 * A call is `{id, call, value}`; its answer is `{id, value}` or `{id, error, isRefusal}`. Tiles are made on
 * request, so the work ends when there are no more requests.
 *
 * @param {DedicatedWorkerGlobalScope} scope Source of the calls.
 */
export function serve(scope) {
  let network = null;
  let photo = null;
  const calls = {
    async load({ entry, only }) {
      network?.delete();
      network = photo = null;
      network = await Network.load(entry, only);
      return network.facts;
    },
    async open({ blob }) {
      photo = null;
      photo = await openPhoto(blob, network);
      return { width: photo.width, height: photo.height, total: photo.total };
    },
    next: () => photo.next(),
    close: () => (photo = null),
  };
  let before = Promise.resolve();
  scope.onmessage = ({ data: { id, call, value } }) => {
    before = before.then(async () => {
      try {
        const answer = await calls[call](value);
        const buffers = [answer?.ours?.buffer, answer?.plain?.buffer].filter(Boolean);
        scope.postMessage({ id, value: answer }, buffers);
      } catch (error) {
        const isRefusal = error instanceof Refusal;
        const text = isRefusal ? error.message : `This failed: ${error?.message ?? error}`;
        scope.postMessage({ id, error: text, isRefusal });
      }
    });
  };
  scope.postMessage({ started: true });
}
