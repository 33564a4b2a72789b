import { describe, expect, test } from "@jest/globals";

import {
  claim,
  claimSome,
  failure,
  finish,
  type Hosts,
  job,
  schedule,
  scheduleOne,
  worker,
} from "./ground.js";

const texts = {
  "a quote that ends a string": `'; drop table myjobs_job; --`,
  "quotes of all kinds": `"'\`´“”«»`,
  backslashes: `\\ \\\\ \\' \\n \\u0000`,
  "lines and tabs": "one\ntwo\r\nthree\tfour\u2028five\u2029",
  "control characters": "\u0001\u0007\u001b[31m\u007f\u0085",
  "patterns and parameters": "%_*?[a-z] ?1 :a @b $c {{d}} ${e}",
  "emoji, joined and with a colour": "🧵 👩🏽‍🚀 🏴‍☠️ 🇩🇪",
  "right to left, and overridden": "שלום عليكم \u202eabc\u202c",
  "composed and decomposed": "\u00e9 e\u0301 \u1e9b\u0323",
  "the edges of Unicode": "\ufeff \ufffd \uffff \u{10ffff}",
  blanks: "  \u00a0 \u3000 ",
  "what looks like a number": "007",
  "what looks like a float": "1e3",
  "what looks like JSON": '{"a":[null]}',
  null: "null",
};

export function textSuite(hosts: Hosts): void {
  describe.each(Object.entries(texts))("%s", (_, text) => {
    test("arrives unchanged in every field of a job, and is found by it", async () => {
      const store = await hosts.open();
      const kwargs = JSON.stringify({ [text]: text });
      const given = { name: text, category: text, kwargs };
      const [id] = await schedule(store, given, { name: "j", category: "c" });
      expect(await job(store, id!)).toMatchObject(given);
      for (const filter of [{ name: text }, { category: ["", text] }]) {
        expect(await store.findJobs(filter)).toMatchObject([{ id }]);
        expect(await store.countJobs(filter)).toBe(1);
      }
      expect(await store.countReady([text], 9)).toBe(1);
      const by = await worker(store);
      const [taken] = await claimSome(store, by, 9, [text]);
      expect(taken).toMatchObject({ ...given, id });
      const error = {
        ...failure.error,
        message: text,
        cause: { [text]: [text] },
      };
      const held = { id: id!, worker: by.nr, attempt: 1 };
      await store.failJob({ ...held, ...failure, error });
      expect((await job(store, id!)).error).toEqual(error);
      expect(await store.deleteJobs({ name: text })).toMatchObject({
        deleted: [id],
      });
      expect(await store.countJobs({})).toBe(1);
    });

    test("arrives unchanged in a result, and in the job that is given it", async () => {
      const store = await hosts.open();
      const one = await scheduleOne(store);
      await scheduleOne(store, { dependencies: [one] });
      const by = await worker(store);
      const held = await claim(store, by);
      const result = JSON.stringify([text]);
      await finish(store, held, result);
      expect((await job(store, one)).result).toBe(result);
      const [next] = await claimSome(store, by, 1, undefined);
      expect(next!.results).toEqual([result]);
    });

    test("arrives unchanged in an action, and in the error of a worker", async () => {
      const store = await hosts.open();
      const action = {
        key: `key ${text}`,
        code: `() => ${JSON.stringify(text)} // ${text}`,
        methodname: text,
        actorname: `/srv/${text}.ts`,
        origin: JSON.stringify({ text }),
      };
      const stored = await store.putAction(action);
      expect(stored).toEqual({ ...action, id: stored.id });
      expect(await store.findActions({ methodname: text })).toEqual([stored]);
      const { id } = await worker(store);
      await store.updateWorker(id, { error: text });
      expect(await store.findWorkers({})).toMatchObject([{ error: text }]);
      expect(await store.findWorkers({ name: text })).toEqual([]);
    });
  });

  test("A megabyte arrives unchanged as kwargs and as a result", async () => {
    const store = await hosts.open();
    const large = JSON.stringify("ä🧵'\\\n".repeat(200_000));
    const id = await scheduleOne(store, { kwargs: large });
    const held = await claim(store, await worker(store));
    await finish(store, held, large);
    const { kwargs, result } = await job(store, id);
    expect(kwargs === large && result === large).toBe(true);
  });
}
