/**
 * A disk for checking what survives crashes. What was written is seen at once by everyone; what was not synced may be
 * gone, or there in part, after the power fails: of a file its unsynced end, of a folder each change of an entry by
 * itself. Renames are whole.
 */
import { crc32 } from "node:zlib";
import type { FileSystem } from "../../runtime/recovery/file-system.ts";

interface FileNode {
  readonly kind: "file";
  data: string;
  synced: string;
}

interface FolderNode {
  readonly kind: "folder";
  readonly entries: Map<string, Node>;
}

type Node = FileNode | FolderNode;

/** A change of entries that is not on disk yet: `node` leaves one place and comes to another. */
interface Change {
  readonly node: Node;
  readonly from?: { readonly folder: FolderNode; readonly name: string };
  readonly to?: { readonly folder: FolderNode; readonly name: string };
}

export interface Disk {
  root: FolderNode;
  /** What entries were when they were last synced, for each folder. */
  durable: Map<FolderNode, Map<string, Node>>;
  changes: Change[];
}

export class DiskError extends Error {
  readonly code: string;
  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

export function createDisk(): Disk {
  const root: FolderNode = { kind: "folder", entries: new Map() };
  return { root, durable: new Map([[root, new Map()]]), changes: [] };
}

/** Each operation calls `step` first: a crash is an exception from it, a pause a promise. */
export function openDisk(disk: Disk, step: (operation: string, path: string, to?: string) => Promise<void> | void): FileSystem {
  const change = (next: Change): void => {
    if (next.from !== undefined) next.from.folder.entries.delete(next.from.name);
    if (next.to !== undefined) next.to.folder.entries.set(next.to.name, next.node);
    disk.changes.push(next);
  };
  const place = (path: string): { readonly folder: FolderNode; readonly name: string } => {
    const end = path.lastIndexOf("/");
    return { folder: folderAt(disk, path.slice(0, end)), name: path.slice(end + 1) };
  };
  const makeNode = (path: string, node: Node): boolean => {
    const to = place(path);
    if (to.folder.entries.has(to.name)) return false;
    if (node.kind === "folder") disk.durable.set(node, new Map());
    change({ node, to });
    return true;
  };
  const sync = (path: string): void => {
    const node = nodeAt(disk, path);
    if (node === undefined) throw new DiskError("ENOENT", path);
    if (node.kind === "file") node.synced = node.data;
    else syncFolder(disk, node);
  };
  const removeTree = (path: string): void => {
    const node = nodeAt(disk, path);
    if (node === undefined) return;
    if (node.kind === "folder") for (const name of [...node.entries.keys()]) removeTree(`${path}/${name}`);
    change({ node, from: place(path) });
  };
  // One promise an operation, and none to wait for where nothing pauses it.
  const act = async <Result>(work: () => Result, operation: string, path: string, to?: string): Promise<Result> => {
    const paused = step(operation, path, to);
    if (paused !== undefined) await paused;
    return work();
  };
  const fileAt = (path: string): FileNode => {
    const node = nodeAt(disk, path);
    if (node?.kind !== "file") throw new DiskError("ENOENT", path);
    return node;
  };
  return {
    create: (path) => act(() => makeNode(path, { kind: "file", data: "", synced: "" }), "create", path),
    append: (path, text) => act(() => void (fileAt(path).data += text), "append", path),
    syncData: (path) => act(() => sync(path), "sync", path),
    sync: (path) => act(() => sync(path), "sync", path),
    rename: (from, to) =>
      act(() => {
        const node = nodeAt(disk, from);
        if (node === undefined) throw new DiskError("ENOENT", from);
        change({ node, from: place(from), to: place(to) });
      }, "rename", from, to),
    makeFolder: (path) => act(() => makeNode(path, { kind: "folder", entries: new Map() }), "makeFolder", path),
    list: (path) =>
      act(() => {
        const node = nodeAt(disk, path);
        return node?.kind === "folder" ? [...node.entries].map(([name, entry]) => ({ name, isFolder: entry.kind === "folder" })) : undefined;
      }, "list", path),
    size: (path) =>
      act(() => {
        const node = nodeAt(disk, path);
        return node?.kind === "file" ? Buffer.byteLength(node.data) : node === undefined ? undefined : 0;
      }, "size", path),
    look: (path) =>
      act(() => {
        const node = nodeAt(disk, path);
        return node?.kind === "file" ? { bytes: Buffer.byteLength(node.data), modifiedMs: 0 } : undefined;
      }, "look", path),
    crc: (path) => act(() => crc32(fileAt(path).data), "crc", path),
    read: (path) =>
      act(() => {
        const node = nodeAt(disk, path);
        return node?.kind === "file" ? Buffer.from(node.data) : undefined;
      }, "read", path),
    remove: (path) => act(() => removeTree(path), "remove", path),
    removeFolder: (path) => act(() => removeTree(path), "removeFolder", path),
    removeEmptyFolder: (path) =>
      act(() => {
        const node = nodeAt(disk, path);
        if (node?.kind !== "folder" || node.entries.size > 0) return false;
        change({ node, from: place(path) });
        return true;
      }, "removeEmptyFolder", path),
  };
}

function nodeAt(disk: Disk, path: string): Node | undefined {
  let node: Node = disk.root;
  for (let at = path.startsWith("/") ? 1 : 0; at < path.length; ) {
    const slash = path.indexOf("/", at);
    const end = slash < 0 ? path.length : slash;
    const next: Node | undefined = node.kind === "folder" ? node.entries.get(path.slice(at, end)) : undefined;
    if (next === undefined) return undefined;
    node = next;
    at = end + 1;
  }
  return node;
}

function folderAt(disk: Disk, path: string): FolderNode {
  const node = nodeAt(disk, path);
  if (node?.kind !== "folder") throw new DiskError("ENOENT", path);
  return node;
}

/** Brings the changes of a folder's entries to disk, in their order; a rename with both its ends. */
function syncFolder(disk: Disk, folder: FolderNode): void {
  disk.changes = disk.changes.filter((change) => {
    if (change.from?.folder !== folder && change.to?.folder !== folder) return true;
    persist(disk.durable, change);
    return false;
  });
}

function persist(durable: Map<FolderNode, Map<string, Node>>, { node, from, to }: Change): void {
  const before = from === undefined ? undefined : durable.get(from.folder);
  if (from !== undefined && before?.get(from.name) === node) before.delete(from.name);
  if (to !== undefined) durable.get(to.folder)?.set(to.name, node);
}

/** Files that lie in a folder, by their names, as everyone sees them. */
export function filesIn(disk: Disk, folder: string): ReadonlyMap<string, string> {
  const node = nodeAt(disk, folder);
  const files = new Map<string, string>();
  if (node?.kind === "folder") for (const [name, entry] of node.entries) if (entry.kind === "file") files.set(name, entry.data);
  return files;
}

/** Files of the disk as everyone sees it, or as the power's failing would leave it at worst. */
export function filesOf(disk: Disk, view: "seen" | "durable" = "seen"): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const walk = (folder: FolderNode, path: string): void => {
    for (const [name, node] of view === "seen" ? folder.entries : (disk.durable.get(folder) ?? [])) {
      if (node.kind === "folder") walk(node, `${path}/${name}`);
      else files.set(`${path}/${name}`, view === "seen" ? node.data : node.synced);
    }
  };
  walk(disk.root, "");
  return files;
}

/** The disk after a process died: nothing is lost, and nothing of what follows touches the original. */
export function copyDisk(disk: Disk): Disk {
  return rebuild(disk, (folder) => folder.entries, (file) => file);
}

/** What the power's failing may leave: which changes of entries came to disk, and how much of unsynced writes. */
export function powerFailures(disk: Disk): readonly Disk[] {
  const count = disk.changes.length;
  const kept = new Map<string, readonly boolean[]>();
  const add = (flags: readonly boolean[]): void => void kept.set(flags.join(), flags);
  for (let end = 0; end <= count; end++) add(disk.changes.map((_, index) => index < end));
  for (let odd = 0; odd < count; odd++) {
    add(disk.changes.map((_, index) => index !== odd));
    add(disk.changes.map((_, index) => index === odd));
  }
  const contents: ((file: FileNode) => string)[] = [(file) => file.synced];
  const isDirty = [...nodesOf(disk)].some((node) => node.kind === "file" && node.data !== node.synced);
  if (isDirty) {
    contents.push((file) => file.data);
    // In the middle of what was appended, and what was never written as something else.
    contents.push((file) => file.synced + file.data.slice(file.synced.length, file.synced.length + Math.ceil((file.data.length - file.synced.length) / 2)));
    contents.push((file) => file.synced + file.data.slice(file.synced.length).replace(/./gs, "\0"));
  }
  return [...kept.values()].flatMap((flags) => contents.map((content) => afterFailure(disk, flags, content)));
}

function afterFailure(disk: Disk, flags: readonly boolean[], content: (file: FileNode) => string): Disk {
  const durable = new Map([...disk.durable].map(([folder, entries]) => [folder, new Map(entries)]));
  disk.changes.forEach((change, index) => {
    if (flags[index]) persist(durable, change);
  });
  return rebuild(disk, (folder) => durable.get(folder) ?? new Map(), (file) => {
    const text = content(file);
    return { kind: "file", data: text, synced: text };
  }, true);
}

function rebuild(disk: Disk, entriesOf: (folder: FolderNode) => ReadonlyMap<string, Node>, fileOf: (file: FileNode) => FileNode, isSettled = false): Disk {
  const made = new Map<Node, Node>();
  const durable = new Map<FolderNode, Map<string, Node>>();
  const copy = (node: Node): Node => {
    const known = made.get(node);
    if (known !== undefined) return known;
    if (node.kind === "file") {
      const file = { ...fileOf(node) };
      made.set(node, file);
      return file;
    }
    const folder: FolderNode = { kind: "folder", entries: new Map() };
    made.set(node, folder);
    for (const [name, entry] of entriesOf(node)) folder.entries.set(name, copy(entry));
    durable.set(folder, isSettled ? new Map(folder.entries) : new Map([...(disk.durable.get(node) ?? [])].map(([name, entry]) => [name, copy(entry)])));
    return folder;
  };
  const copyFolder = (folder: FolderNode): FolderNode => {
    const node = copy(folder);
    if (node.kind !== "folder") throw new Error("a folder became a file");
    return node;
  };
  const copyPlace = (at: Change["from"]): Change["from"] => (at === undefined ? undefined : { folder: copyFolder(at.folder), name: at.name });
  const root = copyFolder(disk.root);
  const changes = isSettled ? [] : disk.changes.map(({ node, from, to }): Change => {
    const [before, after] = [copyPlace(from), copyPlace(to)];
    return { node: copy(node), ...(before === undefined ? {} : { from: before }), ...(after === undefined ? {} : { to: after }) };
  });
  return { root, durable, changes };
}

function* nodesOf(disk: Disk): Generator<Node> {
  for (const folder of disk.durable.keys()) yield* folder.entries.values();
}
