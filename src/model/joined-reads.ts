/**
 * Requests for neighbouring bytes that are made in one go become one: a layer's tensors lie side by side in most files, and each
 * request costs a round trip, to a disk as to a server. Not here: where the bytes come from.
 */

export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

/** Bytes between two requests that are read along and thrown away: less than a round trip would cost. */
const LARGEST_GAP = 2 ** 16;
/** Of one joined request: an answer this long is better begun with than waited for. */
const LONGEST_BYTES = 2 ** 25;

interface Waiting {
  offset: number;
  length: number;
  resolve(bytes: Uint8Array): void;
  reject(error: unknown): void;
}

/** What comes back may be a view into a longer answer. Errors go to all that wait for the answer. */
export function joinedReads(read: ReadRange): ReadRange {
  let waiting: Waiting[] = [];
  const flush = () => {
    const requests = waiting.sort((a, b) => a.offset - b.offset);
    waiting = [];
    for (let at = 0; at < requests.length; ) {
      const group = [requests[at]!];
      const start = requests[at]!.offset;
      let end = start + requests[at]!.length;
      for (at++; at < requests.length; at++) {
        const { offset, length } = requests[at]!;
        const longer = Math.max(end, offset + length);
        if (offset > end + LARGEST_GAP || longer - start > LONGEST_BYTES) break;
        end = longer;
        group.push(requests[at]!);
      }
      read(start, end - start).then(
        (bytes) => {
          for (const { offset, length, resolve } of group) {
            resolve(bytes.subarray(offset - start, offset - start + length));
          }
        },
        (error) => {
          for (const { reject } of group) reject(error);
        },
      );
    }
  };
  return (offset, length) =>
    new Promise((resolve, reject) => {
      // Everything that asks in this turn is heard first.
      if (waiting.length === 0) queueMicrotask(() => queueMicrotask(flush));
      waiting.push({ offset, length, resolve, reject });
    });
}
