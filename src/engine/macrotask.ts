/**
 * Lets messages in between two layers: ORT on WASM works inside the promise queue, which starves the event loop, so a
 * cancel message would never arrive. setTimeout would cost 4 ms each time, a message channel costs microseconds.
 */
export const nextMacrotask: () => Promise<void> =
  typeof setImmediate === 'function' ? () => new Promise((resolve) => setImmediate(resolve)) : channelTask();

function channelTask(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: Array<() => void> = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}
