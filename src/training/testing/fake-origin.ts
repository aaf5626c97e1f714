/** An origin's private file system for tests: folders and files in memory, a quota, errors by the names that browsers use. */

type Folder = Map<string, Folder | { bytes: Uint8Array }>;

const missing = () => new DOMException('not there', 'NotFoundError');

export interface FakeOrigin {
  root(): Promise<FileSystemDirectoryHandle>;
  quotaBytes: number;
  usedBytes(): number;
}

export function fakeOrigin(): FakeOrigin {
  const top: Folder = new Map();
  const size = (folder: Folder): number =>
    [...folder.values()].reduce((sum, one) => sum + (one instanceof Map ? size(one) : one.bytes.length), 0);
  const origin: FakeOrigin = {
    root: async () => directory(top) as unknown as FileSystemDirectoryHandle,
    quotaBytes: 1e9,
    usedBytes: () => size(top),
  };

  function directory(folder: Folder) {
    return {
      kind: 'directory',
      async getDirectoryHandle(name: string, { create = false } = {}) {
        let found = folder.get(name);
        if (!found && create) folder.set(name, (found = new Map()));
        if (!(found instanceof Map)) throw missing();
        return directory(found);
      },
      async getFileHandle(name: string, { create = false } = {}) {
        let found = folder.get(name);
        if (!found && create) folder.set(name, (found = { bytes: new Uint8Array() }));
        if (!found || found instanceof Map) throw missing();
        return file(found);
      },
      async removeEntry(name: string) {
        if (!folder.delete(name)) throw missing();
      },
      async *entries() {
        for (const [name, one] of folder) yield [name, one instanceof Map ? directory(one) : file(one)];
      },
    };
  }

  function file(entry: { bytes: Uint8Array }) {
    return {
      kind: 'file',
      getFile: async () => new Blob([entry.bytes as Uint8Array<ArrayBuffer>]),
      async createWritable() {
        let swap = new Uint8Array();
        return {
          async write(bytes: Uint8Array) {
            if (size(top) + bytes.length > origin.quotaBytes) {
              throw new DOMException('no room', 'QuotaExceededError');
            }
            swap = bytes.slice();
          },
          async close() {
            entry.bytes = swap;
          },
          async abort() {},
        };
      },
    };
  }

  return origin;
}
