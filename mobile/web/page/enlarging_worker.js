// The runtime calls importScripts, which classic workers have and module workers have not. A classic
// worker can still import modules, and says when it has.
import("./tile_service.js").then(
  ({ serve }) => serve(self),
  (error) => self.postMessage({ failure: `The page is incomplete: ${error?.message ?? error}` }),
);
