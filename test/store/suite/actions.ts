import { describe, expect, test } from "@jest/globals";

import type { NewAction } from "../../../src/models/action.js";
import type { Hosts } from "./ground.js";

const resize: NewAction = {
  key: "a".repeat(64),
  code: "({ width }) => width",
  methodname: "resize",
  actorname: "file:///srv/images.ts",
  origin: '{"line":3}',
};
const rotate: NewAction = {
  ...resize,
  key: "b".repeat(64),
  methodname: "rotate",
};

export function actionSuite(hosts: Hosts): void {
  describe("an action", () => {
    test("is stored once, whoever puts it, and keeps its id", async () => {
      const store = await hosts.open();
      const [one, two, same] = await Promise.all(
        [resize, rotate, resize].map((action) => store.putAction(action)),
      );
      expect(one).toEqual({ ...resize, id: one!.id });
      expect(two).toEqual({ ...rotate, id: two!.id });
      expect(same).toEqual(one);
      expect(await store.putAction({ ...resize })).toEqual(one);
      expect(await store.findActions({})).toEqual([one, two]);
    });

    test("is told apart by its key alone: a second one with it changes nothing", async () => {
      const store = await hosts.open();
      const first = await store.putAction(resize);
      const other = { ...resize, methodname: "other", code: "() => 0" };
      expect(await store.putAction(other)).toEqual(first);
      expect(await store.getAction(first.id)).toEqual(first);
    });

    test("is found by id, key and name", async () => {
      const store = await hosts.open();
      const one = await store.putAction(resize);
      const two = await store.putAction(rotate);
      expect(await store.getAction(two.id)).toEqual(two);
      expect(await store.getAction(99)).toBe(undefined);
      expect(await store.findActions({ key: one.key })).toEqual([one]);
      expect(await store.findActions({ methodname: "rotate" })).toEqual([two]);
      expect(
        await store.findActions({ key: one.key, methodname: "rotate" }),
      ).toEqual([]);
    });
  });
}
