import { rmSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";

import { reopen } from "../support/instance.js";
import { isAlive, until } from "../support/until.js";
import { byInput, fill, placeWithActions } from "./command.js";

describe("myjobs map, stopped and started again,", () => {
  const all = fill(300);
  const args = ["map", "actions.ts#slowly", "-", "--json", "--nr-max", "3"];

  test.each(["SIGINT", "SIGTERM"] as const)(
    "goes on after %s, and does nothing to its end twice",
    async (signal) => {
      const here = placeWithActions();
      const first = here.start(...args);
      first.child.stdin.end(all.join("\n"));
      await until("some are done", () => here.lines("done").length > 20);
      first.child.kill(signal);
      const stopped = await first.ended;
      expect(stopped.code).toBe(130);
      expect(stopped.stderr).toMatch(
        /stopped: \d+ done; the same command again goes on from here\n$/,
      );
      expect(here.lines("done").length).toBeLessThan(300);

      const second = await here.run(args, all.join("\n"));
      expect(second.code).toBe(0);
      expect(here.lines("done").sort()).toEqual([...all].sort());
      expect(Object.keys(byInput(second.stdout)).sort()).toEqual(
        [...all].sort(),
      );
    },
  );

  test("goes on after it was killed", async () => {
    const here = placeWithActions();
    const first = here.start(...args);
    first.child.stdin.end(all.join("\n"));
    await until("some are done", () => here.lines("done").length > 20);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = await here.run(args, all.join("\n"));
    expect(second.code).toBe(0);
    expect(new Set(here.lines("done")).size).toBe(300);
    // At least once: what had just been done may have been done again, by each of the workers.
    expect(here.lines("done").length).toBeLessThan(330);
  });

  test("gives back a job that does not end in time", async () => {
    const here = placeWithActions();
    here.write("hang", "");
    const hung = ["map", "actions.ts#stubborn", "-"];
    const first = here.start(...hung);
    first.child.stdin.end("x\n");
    await until("it runs", () => here.lines("pids").length === 1);
    first.child.kill("SIGINT");
    expect((await first.ended).code).toBe(130);
    expect(isAlive(Number(here.lines("pids")[0]))).toBe(false);
    const myjobs = await reopen({ store: here.path("myjobs.db") });
    expect(await myjobs.jobs.find()).toMatchObject([{ state: "NEW" }]);
    await myjobs.stop();

    const running = here.start(...hung);
    running.child.stdin.end("x\n");
    await until("it runs again", () => here.lines("pids").length === 2);
    const other = await here.run(hung, "x\n");
    expect(other.code).toBe(2);
    expect(other.stderr).toBe(
      "error: the same run is going on in another process\n",
    );
    // The second signal does not wait; it must not come so soon that it passes for the first.
    await until("it has gone", () => {
      running.child.kill("SIGINT");
      return running.child.exitCode !== null;
    });
    expect((await running.ended).code).toBe(130);
    expect(running.stderr()).not.toContain("stopped:");
    const pid = Number(here.lines("pids")[1]);
    await until("its worker has gone", () => !isAlive(pid));

    const freed = here.start(...hung);
    freed.child.stdin.end("x\n");
    await until("it runs once more", () => here.lines("pids").length === 3);
    rmSync(here.path("hang"));
    const last = await freed.ended;
    expect(last).toMatchObject({ code: 0, stdout: 'x\t"free"\n' });
  });

  test("does only the new ones where files have come and gone", async () => {
    const here = placeWithActions();
    for (const name of ["b", "d", "f"]) here.write(`in/${name}`, name);
    const noted = ["map", "actions.ts#noted", "in/*", "--json"];
    await here.run(noted);
    expect(here.lines("done").sort()).toEqual(["in/b", "in/d", "in/f"]);
    rmSync(here.path("in/d"));
    for (const name of ["a", "e", "g"]) here.write(`in/${name}`, name);
    const second = await here.run(noted);
    const news = ["in/a", "in/e", "in/g"];
    expect(here.lines("done").slice(3).sort()).toEqual(news);
    expect(Object.keys(byInput(second.stdout)).sort()).toEqual(
      [...news, "in/b", "in/f"].sort(),
    );
    await here.run(noted);
    expect(here.lines("done")).toHaveLength(6);
  });

  test("begins anew with --fresh, and with other inputs", async () => {
    const here = placeWithActions();
    here.write("in/a", "");
    here.write("in/b", "");
    const noted = ["map", "actions.ts#noted"];
    await here.run([...noted, "in/*"]);
    await here.run([...noted, "in/a"]);
    expect(here.lines("done").sort()).toEqual(["in/a", "in/a", "in/b"]);
    await here.run([...noted, "in/*", "--fresh"]);
    expect(here.lines("done")).toHaveLength(5);
    const myjobs = await reopen({ store: here.path("myjobs.db") });
    expect(await myjobs.jobs.count()).toBe(3);
  });
});
