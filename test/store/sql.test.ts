import { describe, expect, test } from "@jest/globals";
import type Database from "better-sqlite3";

import type { Store } from "../../src/store/store.js";
import {
  claim,
  failed,
  finish,
  schedule,
  scheduleOne,
  worker,
} from "./suite/ground.js";
import { database, open, temporaryFile } from "./support.js";

async function both(): Promise<{ store: Store; sql: Database.Database }> {
  const file = temporaryFile();
  const store = await open(file, () => 1_700_000_000_000);
  return { store, sql: database(file, { readonly: true }) };
}

describe("Whoever reads the store with SQL", () => {
  test("finds a job's columns by their names, times in epoch milliseconds and values as JSON", async () => {
    const { store, sql } = await both();
    const waiting = await scheduleOne(store, { kwargs: '{"width":80}' });
    const read = sql.prepare("select * from myjobs_job where id = ?");
    expect(read.get(waiting)).toMatchObject({
      id: waiting,
      name: `j${String(waiting)}`,
      category: "",
      state: "NEW",
      error_cat: "NA",
      time_start: 0,
      time_stop: 0,
      timeout: 0,
      action_id: 1,
      kwargs: '{"width":80}',
      result: null,
      error: null,
      die: 1,
      return_queues: "[]",
      priority: 0,
      run_at: 0,
      attempt: 0,
      max_attempts: 1,
      progress: null,
      worker: null,
    });
    const held = await claim(store, await worker(store));
    expect(read.get(waiting)).toMatchObject({
      state: "RUNNING",
      time_start: 1_700_000_000_000,
      worker: 1,
      attempt: 1,
    });
    await finish(store, held, '[1,"x"]');
    const bad = await failed(store);
    const json = sql.prepare(
      "select result ->> 1 as result, error ->> 'message' as message from myjobs_job order by id",
    );
    expect(json.all()).toEqual([
      { result: "x", message: null },
      { result: null, message: "no" },
    ]);
    expect(read.get(bad)).toMatchObject({ state: "ERROR", error_cat: "ERROR" });
  });

  test("can join jobs with what they depend on, and finds no dependency of a job that is gone", async () => {
    const { store, sql } = await both();
    const [one, two] = await schedule(store, {}, {});
    const behind = await scheduleOne(store, { dependencies: [two!, one!] });
    const edges = sql.prepare(
      "select job_id, depends_on from myjobs_dependency join myjobs_job on id = depends_on order by position",
    );
    expect(edges.all()).toEqual([
      { job_id: behind, depends_on: two },
      { job_id: behind, depends_on: one },
    ]);
    await store.deleteJobs({ id: behind });
    expect(sql.prepare("select * from myjobs_dependency").all()).toEqual([]);
  });

  test("finds workers and actions, too, and after a reset nothing but the host that lives", async () => {
    const { store, sql } = await both();
    await store.putAction({
      key: "k",
      code: "c",
      methodname: "m",
      actorname: "a",
      origin: "{}",
    });
    await scheduleOne(store, { dependencies: [await scheduleOne(store)] });
    await worker(store);
    const by = await worker(store);
    await claim(store, by);
    await store.updateWorker(by.id, { state: "BUSY", currentJob: 1 });
    const workers = sql.prepare(
      `select w.nr, w.state, w.current_job, j.id as holds from myjobs_worker w
       left join myjobs_job j on j.state = 'RUNNING' and j.host = w.host and j.worker = w.nr`,
    );
    expect(workers.all()).toEqual([
      { nr: 1, state: "WAITING", current_job: null, holds: null },
      { nr: 2, state: "BUSY", current_job: 1, holds: 1 },
    ]);
    expect(sql.prepare("select key from myjobs_action").all()).toEqual([
      { key: "k" },
    ]);
    await store.reset();
    const rows = ["job", "dependency", "action", "worker", "host"].map((name) =>
      sql.prepare(`select count(*) from myjobs_${name}`).pluck().get(),
    );
    expect(rows).toEqual([0, 0, 0, 0, 1]);
  });
});
