/** How long the first visit waits for the service worker, ms. */
const PATIENCE = 5000;

/**
 * Keep the page for visits without a network, with `service_worker.js`.
 *
 * The function returns when later fetches pass through the service worker, so that files of this visit are kept.
 * The service worker also adds the headers for threads. If the host does not send them, the page is loaded again.
 */
export async function keepOffline() {
  // Plain http from another machine has none.
  const container = navigator.serviceWorker;
  if (!container) return;
  let registration;
  try {
    registration = await container.register("service_worker.js");
  } catch (error) {
    console.debug(`Not kept for visits without a network: ${error}`);
    return;
  }
  if (!container.controller) {
    const controlled = new Promise((resolve) => container.addEventListener("controllerchange", resolve));
    const failed = new Promise((resolve) => {
      registration.installing?.addEventListener("statechange", (event) => {
        if (event.target.state === "redundant") resolve();
      });
    });
    await Promise.race([controlled, failed, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  }
  if (container.controller && !crossOriginIsolated && !sessionStorage.getItem("isolated")) {
    // This happens only once, because a browser that does not isolate the page would reload it forever.
    sessionStorage.setItem("isolated", "tried");
    location.reload();
    await new Promise(() => {});
  }
}
