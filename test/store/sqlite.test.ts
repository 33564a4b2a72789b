import { rmSync } from "node:fs";

import type { Ground } from "./suite/ground.js";
import { storeSuite } from "./suite/suite.js";
import { database, open, temporaryFile } from "./support.js";

storeSuite("a file", () => {
  const file = temporaryFile();
  return { open: (now) => open(file, now), lose: (host) => lose(file, host) };
});

storeSuite("memory", () => alone(":memory:"), false);

storeSuite("a Database given, and its file", () => {
  const file = temporaryFile();
  const given = database(file);
  let first = true;
  return {
    open: (now) => {
      const store = first ? given : file;
      first = false;
      return open(store, now);
    },
    lose: (host) => lose(file, host),
  };
});

storeSuite(
  "a Database in memory given",
  () => alone(database(":memory:")),
  false,
);

function alone(store: Parameters<typeof open>[0]): Ground {
  return { open: (now) => open(store, now), lose: () => undefined };
}

/** A process that has died is neither in the list of processes nor holds its lock any more. */
function lose(file: string, host: number): void {
  const db = database(file);
  const { lock } = db
    .prepare<[number], { lock: string }>(
      `update myjobs_host set pid = -1, pid_start = '' where id = ? returning lock_file as lock`,
    )
    .get(host)!;
  db.close();
  rmSync(lock);
}
