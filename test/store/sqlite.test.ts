import { rmSync } from "node:fs";

import { expect, test } from "@jest/globals";
import type Database from "better-sqlite3";

import {
  claim,
  claimSome,
  finish,
  schedule,
  scheduleOne,
  worker,
} from "./suite/ground.js";
import { storeSuite } from "./suite/suite.js";
import { database, open, temporaryFile } from "./support.js";

storeSuite("a file", () => {
  const file = temporaryFile();
  return { open: (now) => open(file, now), lose: (host) => lose(file, host) };
});

test("Claims come after all that is committed with them, however long it has waited for another program's lock", async () => {
  const file = temporaryFile();
  const store = await open(file);
  const [one, other] = [await worker(store), await worker(store)];
  const db = database(file);
  db.exec("begin immediate");
  const early = claimSome(store, one, 2, undefined);
  // It has come to its turn, which another program's lock forbids.
  for (let turn = 0; turn < 2; turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
  const storing = scheduleOne(store);
  const late = claimSome(store, other, 2, undefined);
  db.exec("rollback");
  expect(await early).toMatchObject([{ id: await storing }]);
  expect(await late).toEqual([]);
});

test("No backlog of new jobs keeps others from being claimed and ended", async () => {
  const store = await open(temporaryFile());
  const by = await worker(store);
  await scheduleOne(store);
  const held = await claim(store, by);
  const [parts, size] = [300, 256];
  let stored = 0;
  const storing = Array.from({ length: parts }, () =>
    schedule(store, ...Array.from({ length: size }, () => ({}))).then(
      () => (stored += 1),
    ),
  );
  const few = claimSome(store, by, 9, undefined);
  expect(await finish(store, held)).toBe("ok");
  expect(await few).toHaveLength(9);
  expect(stored).toBeLessThan(parts);
  await Promise.all(storing);
});

storeSuite(
  "memory",
  () => ({ open: (now) => open(":memory:", now), lose: () => undefined }),
  false,
);

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

storeSuite("a Database given to each", () => {
  const file = temporaryFile();
  const given = database(file);
  return { open: (now) => open(given, now), lose: (host) => lose(file, host) };
});

storeSuite("a Database in memory given to each", () => {
  const given = database(":memory:");
  return {
    open: (now) => open(given, now),
    lose: (host) => void die(given, host),
  };
});

/** A process that has died is neither in the list of processes nor holds its lock any more. */
function lose(file: string, host: number): void {
  const db = database(file);
  const lock = die(db, host);
  db.close();
  rmSync(lock);
}

/** Gives the file of its lock. */
function die(db: Database.Database, host: number): string {
  return db
    .prepare<[number], string>(
      `update myjobs_host set pid = -1, pid_start = '' where id = ? returning lock_file`,
    )
    .pluck()
    .get(host)!;
}
