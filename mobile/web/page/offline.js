/** How long the first visit waits for the service worker, ms. */
const PATIENCE = 5000;

/**
 * Keep the page for visits without a network, by `service_worker.js`.
 *
 * Returns when later fetches pass through it, so that what this visit fetches is kept. The service worker also adds
 * the headers for threads; where the host does not send them, the page is loaded once more.
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
    // Only once: a browser that does not isolate the page then would be asked for ever.
    sessionStorage.setItem("isolated", "tried");
    location.reload();
    await new Promise(() => {});
  }
}
