import Database from "better-sqlite3";

const nobody = 65_534;

/** From here on this process is that of a user who may not write everywhere. */
export function becomeNobody(): void {
  // Loads the native part while its files can be read.
  new Database(":memory:").close();
  if (process.getuid!() !== 0) return;
  process.setgroups!([]);
  process.setgid!(nobody);
  process.setuid!(nobody);
}
