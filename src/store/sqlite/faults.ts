import { MyJobsError, StoreError, type StoreFault } from "../../errors.js";

const faults: readonly (readonly [
  prefix: string,
  fault: StoreFault,
  words: string,
])[] = [
  ["SQLITE_NOTADB", "not-a-database", "the file is no SQLite database"],
  ["SQLITE_CORRUPT", "corrupt", "the file is corrupt"],
  ["SQLITE_FULL", "disk-full", "the disk is full"],
  ["SQLITE_READONLY", "read-only", "the file or its folder is read-only"],
  [
    "SQLITE_CANTOPEN",
    "read-only",
    "the file cannot be opened or created (is its folder there and writable?)",
  ],
  ["SQLITE_BUSY", "locked", "another program keeps the file locked"],
  ["SQLITE_LOCKED", "locked", "another connection keeps a table locked"],
];

/** Whatever SQLite or the file system threw, as a StoreError that says which of the known faults it was. */
export function storeError(
  attempt: string,
  store: string,
  cause: unknown,
): Error {
  if (cause instanceof MyJobsError) return cause;
  const code = sqliteCode(cause);
  const [, fault, words] = faults.find(([prefix]) =>
    code.startsWith(prefix),
  ) ?? ["", "failed", "it failed"];
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StoreError(
    `${attempt} ${store || ":memory:"}: ${words} (${message})`,
    fault,
    store,
    { cause },
  );
}

export function isBusy(cause: unknown): boolean {
  return sqliteCode(cause).startsWith("SQLITE_BUSY");
}

function sqliteCode(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
