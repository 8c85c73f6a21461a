// The runtime calls importScripts, which only classic workers have. A classic worker can still import
// modules, and sends a message when it has done so.
import("./tile_service.js").then(
  ({ serve }) => serve(self),
  (error) => self.postMessage({ failure: `The page is incomplete: ${error?.message ?? error}` }),
);
