import { expect, test } from "@jest/globals";

import { Records } from "../../src/supervisor/records.js";

test("What has happened until now is waited for, and nothing that happens later", async () => {
  const records = new Records(() => undefined);
  const ends: (() => void)[] = [];
  const write = (): void => {
    void records.write(() => new Promise((resolve) => ends.push(resolve)));
  };
  write();
  const settled = records.settled();
  write();
  ends[0]!();
  await settled;
  ends[1]!();
  await records.close();
});

test("What cannot be written is told, tried again at the end, and then given up", async () => {
  const told: unknown[] = [];
  const records = new Records((cause) => told.push(cause));
  const fault = new Error("no disk");
  let tries = 0;
  const writing = records.write(() => {
    tries += 1;
    return Promise.reject(fault);
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual([fault]);
  await records.close();
  await writing;
  expect(told).toEqual([fault, fault]);
  expect(tries).toBe(2);
});
