import { expect, test } from "@jest/globals";

import type {
  End,
  HostMessage,
  JobMessage,
} from "../../src/transport/messages.js";
import {
  isPacked,
  packEnd,
  packJobs,
  unpackEnd,
  unpackJobs,
} from "../../src/transport/packing.js";

/** The way of a message. */
function travel<T>(packed: T): T {
  return JSON.parse(JSON.stringify(packed)) as T;
}

const plain: JobMessage = {
  ...{ id: 7, attempt: 2, actionId: 4, name: "resize", kwargs: "{}" },
  ...{ category: "", dependencies: [], results: [] },
};

test.each<[string, JobMessage]>([
  ["plain", plain],
  ["of a category", { ...plain, category: "images" }],
  ["that depends", { ...plain, dependencies: [1, 2], results: ['"a"', "2"] }],
  [
    "with all there is",
    { ...plain, category: "c", dependencies: [1], results: ["null"] },
  ],
])("A job %s arrives as it was sent", (_, job) => {
  const actions = [
    { ...{ id: 4, key: "k", code: "() => 1" }, methodname: "m", actorname: "" },
  ].map((action) => ({ ...action, origin: "{}" }));
  const jobs = [
    { job, mark: 3 },
    { job: plain, mark: 4 },
  ];
  const message: HostMessage = { type: "jobs", jobs, actions };
  expect(unpackJobs(travel(packJobs(message)))).toEqual(message);
});

test.each<HostMessage>([
  { type: "ping" },
  { type: "abort", id: 1, attempt: 2, reason: "its time is up" },
])("What brings no jobs is sent as it is: %j", (message) => {
  expect(unpackJobs(travel(packJobs(message)))).toEqual(message);
});

const end: End = { id: 7, attempt: 2, timeStart: 1_700_000_000_000, took: 0.5 };
const error = { name: "Error", message: "no", stack: "Error: no" };

test.each<[string, End]>([
  ["well", { ...end, result: '{"a":[1]}' }],
  ["in an error", { ...end, error }],
  ["well, and tells how large it is", { ...end, result: "1", rss: 5 }],
  ["in an error, and tells how large it is", { ...end, error, rss: 5 }],
])("An end of one that ends %s arrives as it was told", (_, told) => {
  const packed = travel(packEnd(told));
  expect(isPacked(packed)).toBe(true);
  expect(unpackEnd(packed)).toEqual({ type: "end", ...told });
});
