import { describe, expect, test } from "@jest/globals";

import { StoreError } from "../../src/errors.js";
import { Intake } from "../../src/handles/intake.js";
import type { NewJob } from "../../src/models/job.js";
import type { Store } from "../../src/store/store.js";

const job = (name: string): NewJob => ({
  ...{ name, category: "", timeout: 0, actionId: 1, kwargs: "{}" },
  ...{ die: true, dependencies: [] },
});

/** A store that notes what it is given at once, and refuses what is named "bad". */
function ground(takes = 0): {
  intake: Intake;
  given: string[][];
  late: () => number;
} {
  const given: string[][] = [];
  let [id, late] = [0, 0];
  const insertJobs: Store["insertJobs"] = async (jobs) => {
    if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes));
    const names = jobs.map(({ name }) => name);
    given.push(names);
    if (names.includes("bad")) throw new Error("it is bad");
    if (names.includes("late")) throw new StoreError("locked", "locked", "");
    return jobs.map(() => ({ id: (id += 1), ended: false }));
  };
  const intake = new Intake({ insertJobs } as Store, () => {
    late += 1;
  });
  return { intake, given, late: () => late };
}

async function idIn(
  { jobs, stored }: ReturnType<Intake["one"]>,
  name: string,
): Promise<number> {
  const at = jobs.findIndex((one) => one.name === name);
  return (await (await stored)[at]!).id;
}

describe("The jobs of one turn", () => {
  test("are handed to the store together, in the order of their calls", async () => {
    const { intake, given } = ground();
    const batches = [intake.one(job("a")), intake.one(job("b"))];
    const many = intake.many([job("c"), job("d")]);
    const last = intake.one(job("e"));
    expect(await idIn(batches[0]!, "a")).toBe(1);
    expect(await idIn(batches[1]!, "b")).toBe(2);
    expect((await many).map(({ id }) => id)).toEqual([3, 4]);
    expect(await idIn(last, "e")).toBe(5);
    expect(given).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  });

  test("are not more at once than hold up nobody", async () => {
    const { intake, given } = ground();
    const names = Array.from({ length: 600 }, (_, nr) => String(nr));
    const batches = names.map((name) => intake.one(job(name)));
    await Promise.all(batches.map(({ stored }) => stored));
    expect(given.map(({ length }) => length)).toEqual([256, 256, 88]);
    expect(given.flat()).toEqual(names);
  });

  test("are told of again if they come late: claims of their turn may have missed them", async () => {
    const { intake, late } = ground(20);
    const { stored } = intake.one(job("a"));
    intake.one(job("b"));
    const many = intake.many([job("c")]);
    expect(late()).toBe(0);
    await Promise.all([stored, many]);
    expect(late()).toBe(2);
  });

  test("do not pay for one among them that cannot be stored", async () => {
    const { intake } = ground();
    const batch = ["a", "bad", "b"].map((name) => intake.one(job(name)))[0]!;
    expect(await idIn(batch, "a")).toBe(1);
    await expect(idIn(batch, "bad")).rejects.toThrow("it is bad");
    expect(await idIn(batch, "b")).toBe(2);
  });

  test("are refused at once for what is no fault of one of them: to wait again for each would take as long again", async () => {
    const { intake, given } = ground();
    const batch = ["a", "late"].map((name) => intake.one(job(name)))[0]!;
    await expect(idIn(batch, "a")).rejects.toThrow(StoreError);
    expect(given).toEqual([["a", "late"]]);
  });

  test("that is alone and cannot be stored says so after one try", async () => {
    const { intake, given } = ground();
    const batch = intake.one(job("bad"));
    await expect(idIn(batch, "bad")).rejects.toThrow("it is bad");
    expect(given).toEqual([["bad"]]);
  });
});
