import { MyJobsError, StoreError, type StoreFault } from "../../errors.js";

const occupiedCode = "SQLITE_BUSY_OWNER";

/** By SQLite's codes, whose extended ones go on after the code itself, and the file system's. */
const faults: readonly {
  codes: readonly string[];
  fault: StoreFault;
  words: string;
}[] = [
  {
    codes: ["SQLITE_NOTADB"],
    fault: "not-a-database",
    words: "the file is no SQLite database",
  },
  {
    codes: ["SQLITE_CORRUPT"],
    fault: "corrupt",
    words: "the file is corrupt",
  },
  {
    codes: ["SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "ENOSPC", "EDQUOT"],
    fault: "disk-full",
    words: "the disk is full",
  },
  {
    codes: ["SQLITE_READONLY", "EACCES", "EPERM", "EROFS"],
    fault: "read-only",
    words: "the file or its folder is read-only",
  },
  {
    codes: ["SQLITE_CANTOPEN", "ENOENT", "ENOTDIR", "EISDIR"],
    fault: "read-only",
    words:
      "the file cannot be opened or created (is its folder there and writable?)",
  },
  {
    codes: [occupiedCode],
    fault: "locked",
    words: "a transaction of its owner's is open in the Database given",
  },
  {
    codes: ["SQLITE_BUSY"],
    fault: "locked",
    words: "another program keeps the file locked",
  },
  {
    codes: ["SQLITE_LOCKED"],
    fault: "locked",
    words: "another connection keeps a table locked",
  },
];

/** Whatever SQLite or the file system threw, as a StoreError that says which of the known faults it was. */
export function storeError(
  attempt: string,
  store: string,
  cause: unknown,
): Error {
  if (cause instanceof MyJobsError) return cause;
  // Of a store that was open already, its first page is damaged.
  const isLate = codeOf(cause) === "SQLITE_NOTADB" && attempt !== "open";
  const code = isLate ? "SQLITE_CORRUPT" : codeOf(cause);
  const { fault, words } = faults.find(({ codes }) =>
    codes.some((known) => code.startsWith(known)),
  ) ?? { fault: "failed", words: "it failed" };
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StoreError(
    `${attempt} ${store || ":memory:"}: ${words} (${message})`,
    fault,
    store,
    { cause },
  );
}

/** That a Database given is in a transaction of its owner's. */
export function occupied(): Error {
  const why = "a call that is awaited within it would wait for ever";
  return Object.assign(new Error(why), { code: occupiedCode });
}

/** Locked by somebody, or, a Database given, in the middle of reading rows for its owner. */
export function isBusy(cause: unknown): boolean {
  return (
    codeOf(cause).startsWith("SQLITE_BUSY") ||
    String(cause).includes("connection is busy executing a query")
  );
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
