import { describe, expect, test } from "@jest/globals";

import { StoreError } from "../../src/errors.js";
import { Intake } from "../../src/handles/intake.js";
import type { NewJob } from "../../src/models/job.js";
import type { Store } from "../../src/store/store.js";

const job = (name: string): NewJob => ({
  plan: { name, category: "", timeout: 0, die: true, dependencies: [] },
  actionId: 1,
  kwargs: "{}",
});

type Stored = [id: number, name: string];

/** A store that notes what it is given at once, and refuses what is named "bad". */
function ground(takes = 0): {
  intake: Intake<Stored>;
  given: string[][];
  late: () => number;
  /** What had been heard of others, as it came with those that were stored. */
  known: Set<number>;
} {
  const given: string[][] = [];
  let [id, late, news] = [0, 0, 0];
  const known = new Set<number>();
  const insertJobs: Store["insertJobs"] = async (jobs) => {
    if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes));
    const names = jobs.map(({ plan }) => plan.name);
    given.push(names);
    if (names.includes("bad")) throw new Error("it is bad");
    if (names.includes("late")) throw new StoreError("locked", "locked", "");
    return { ids: jobs.map(() => (id += 1)), ended: [] };
  };
  const intake = new Intake<Stored>(
    { insertJobs },
    {
      late: () => (late += 1),
      heard: () => (news += 1),
      stored: (id, { plan }, heard) => {
        known.add(heard);
        return [id, plan.name];
      },
      follow: ([id, name], settle) => {
        settle([id, `${name} has ended`]);
      },
    },
  );
  return { intake, given, late: () => late, known };
}

describe("The jobs of one turn", () => {
  test("are handed to the store together, in the order of their calls", async () => {
    const { intake, given } = ground();
    const first = [intake.one(job("a"), false), intake.one(job("b"), false)];
    const many = intake.many([job("c"), job("d")]);
    const last = intake.one(job("e"), false);
    expect(await Promise.all([...first, last])).toEqual([
      [1, "a"],
      [2, "b"],
      [5, "e"],
    ]);
    expect((await many).handles).toEqual([
      [3, "c"],
      [4, "d"],
    ]);
    expect(given).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  });

  test("keep their callers apart, whether they wait for the jobs' ends or not", async () => {
    const { intake, given } = ground();
    const calls = [
      intake.one(job("a"), true),
      intake.one(job("b"), false),
      intake.one(job("c"), true),
      intake.one(job("d"), true),
      intake.one(job("e"), false),
    ];
    expect(await Promise.all(calls)).toEqual([
      [1, "a has ended"],
      [2, "b"],
      [3, "c has ended"],
      [4, "d has ended"],
      [5, "e"],
    ]);
    expect(given).toEqual([["a", "b", "c", "d", "e"]]);
  });

  test("of which one cannot be stored tell that, and no other, also where their ends are waited for", async () => {
    const { intake } = ground();
    const names = ["a", "bad", "b"];
    const [a, bad, b] = names.map((name) => intake.one(job(name), true));
    await expect(bad).rejects.toThrow("it is bad");
    expect(await a).toEqual([1, "a has ended"]);
    expect(await b).toEqual([2, "b has ended"]);
    const refused = ["a", "late"].map((name) => intake.one(job(name), true));
    for (const one of await Promise.allSettled(refused))
      expect(one).toMatchObject({ reason: expect.any(StoreError) });
  });

  test("are not more at once than hold up nobody", async () => {
    const { intake, given } = ground();
    const names = Array.from({ length: 600 }, (_, nr) => String(nr));
    const stored = names.map((name) => intake.one(job(name), false));
    expect((await Promise.all(stored)).map(([, name]) => name)).toEqual(names);
    expect(given.map(({ length }) => length)).toEqual([256, 256, 88]);
    expect(given.flat()).toEqual(names);
  });

  test("go with what had been heard of others before them; of a crowd, with what has been heard since", async () => {
    const { intake, known } = ground();
    await intake.one(job("a"), true);
    expect([...known]).toEqual([1]);
    known.clear();
    await Promise.all(
      Array.from({ length: 256 }, () => intake.one(job("b"), false)),
    );
    expect([...known]).toEqual([3]);
    known.clear();
    await intake.many([job("c")]);
    expect([...known]).toEqual([4]);
    known.clear();
    await intake.many(Array.from({ length: 256 }, () => job("d")));
    expect([...known]).toEqual([6]);
  });

  test("are settled when all of them are stored, or have been refused", async () => {
    const { intake, given } = ground(20);
    await intake.settled();
    const calls = ["a", "bad", "b"].map((name) => intake.one(job(name), false));
    const ends = Promise.allSettled([...calls, intake.many([job("bad")])]);
    await intake.settled();
    expect(given.flat().sort()).toEqual([
      ...["a", "a", "b", "b"],
      ...["bad", "bad", "bad"],
    ]);
    expect((await ends).map(({ status }) => status)).toEqual([
      ...["fulfilled", "rejected", "fulfilled"],
      "rejected",
    ]);
  });

  test("are told of again if they come late: claims of their turn may have missed them", async () => {
    const { intake, late } = ground(20);
    const single = [intake.one(job("a"), false), intake.one(job("b"), false)];
    const many = intake.many([job("c")]);
    expect(late()).toBe(0);
    await Promise.all([...single, many]);
    expect(late()).toBe(2);
  });

  test("do not pay for one among them that cannot be stored", async () => {
    const { intake } = ground();
    const names = ["a", "bad", "b"];
    const [a, bad, b] = names.map((name) => intake.one(job(name), false));
    await expect(bad).rejects.toThrow("it is bad");
    expect(await a).toEqual([1, "a"]);
    expect(await b).toEqual([2, "b"]);
  });

  test("are refused at once for what is no fault of one of them: to wait again for each would take as long again", async () => {
    const { intake, given } = ground();
    const stored = ["a", "late"].map((name) => intake.one(job(name), false));
    for (const one of await Promise.allSettled(stored))
      expect(one).toMatchObject({ reason: expect.any(StoreError) });
    expect(given).toEqual([["a", "late"]]);
  });

  test("that is alone and cannot be stored says so after one try", async () => {
    const { intake, given } = ground();
    await expect(intake.one(job("bad"), false)).rejects.toThrow("it is bad");
    expect(given).toEqual([["bad"]]);
  });
});
