import { readdirSync, readlinkSync } from "node:fs";

import { expect, test } from "@jest/globals";

import { LogSync } from "../../src/store/sqlite/logSync.js";
import { database, temporaryFile } from "./support.js";

function openLogs(): number {
  const links = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return []; // that of the folder itself
    }
  });
  return links.filter((link) => link.endsWith("-wal")).length;
}

test("A sync that is asked for while another runs begins after it, once for all who asked", async () => {
  const file = temporaryFile();
  const db = database(file);
  db.exec("pragma journal_mode = wal; create table note (text text)");
  const before = openLogs();
  const log = new LogSync(file);
  expect(log.busy).toBe(false);
  const first = log.synced();
  const [second, third] = [log.synced(), log.synced()];
  expect([second === first, third === second]).toEqual([false, true]);
  const order: string[] = [];
  await Promise.all([
    first.then(() => order.push("first")),
    second.then(() => order.push("second")),
  ]);
  expect(order).toEqual(["first", "second"]);
  expect(log.busy).toBe(false);
  const last = log.synced();
  await log.close();
  await last;
  await log.close();
  expect(openLogs()).toBe(before);
});

test("A log that is not there rejects whoever asks, each time", async () => {
  const log = new LogSync(temporaryFile());
  const gone = { code: "ENOENT" };
  await expect(log.synced()).rejects.toMatchObject(gone);
  await expect(log.synced()).rejects.toMatchObject(gone);
  expect(log.busy).toBe(false);
  await log.close();
});
