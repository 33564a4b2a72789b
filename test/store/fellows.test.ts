import { describe, expect, test } from "@jest/globals";

import type { Store } from "../../src/store/store.js";
import { until } from "../support/until.js";
import { scheduleOne } from "./suite/ground.js";
import { database, open, temporaryFile } from "./support.js";

function listen(store: Store): { heard: number; leave: () => void } {
  const told = { heard: 0, leave: store.onWork(() => (told.heard += 1)) };
  return told;
}

/** What may be told in a turn of its own has been. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
}

describe.each([
  ["in a file", temporaryFile],
  ["in memory", () => ":memory:"],
])("Of stores on one Database given, %s,", (_, place) => {
  test("each is told of what the others have committed, once it can be seen, and not within their call", async () => {
    const given = database(place());
    const mine = await open(given);
    const [other, third] = [await open(given), await open(given)];
    const seen: number[] = [];
    const nr = given.prepare<[], number>("select count(*) from myjobs_job");
    other.onWork(() => seen.push(nr.pluck().get()!));
    const told = listen(third);
    for (let jobs = 1; jobs <= 20; jobs += 1) {
      await scheduleOne(mine);
      await until("both have heard", () => {
        return seen.at(-1) === jobs && told.heard >= jobs;
      });
    }
  });

  test("none is told of its own, nor of what changed nothing", async () => {
    const given = database(place());
    const [mine, other] = [await open(given), await open(given)];
    const told = [listen(mine), listen(other)];
    await scheduleOne(mine);
    await until("the other has heard", () => told[1]!.heard > 0);
    for (const store of [mine, other, mine]) await store.countJobs({});
    await turns();
    expect(told).toMatchObject([{ heard: 0 }, { heard: 1 }]);
  });

  test("one that has left is told no more, and the rest still are", async () => {
    const given = database(place());
    const [mine, other] = [await open(given), await open(given)];
    const third = await open(given);
    const [left, closed] = [listen(other), listen(third)];
    left.leave();
    await third.close();
    const before = closed.heard;
    const again = listen(other);
    await scheduleOne(mine);
    await until("who still listens has heard", () => again.heard > 0);
    expect([left.heard, closed.heard]).toEqual([0, before]);
  });

  test("each lives in the eyes of the others, until it is closed", async () => {
    const given = database(place());
    const [mine, other] = [await open(given), await open(given)];
    expect(await mine.lostHosts()).toEqual([]);
    await expect(mine.assertAlone()).rejects.toMatchObject({ fault: "in-use" });
    await other.close();
    await mine.assertAlone();
  });
});
