import { expect, test } from "@jest/globals";

import type { HostMessage, JobMessage } from "../../src/transport/messages.js";
import { packJobs, unpackJobs } from "../../src/transport/packing.js";

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
  ["without a name of its own", { ...plain, name: "j7" }],
  ["of that name and a category", { ...plain, name: "j7", category: "c" }],
  ["of a category", { ...plain, category: "images" }],
  ["that depends", { ...plain, dependencies: [1, 2], results: ['"a"', "2"] }],
  [
    "with all there is",
    { ...plain, category: "c", dependencies: [1], results: ["null"] },
  ],
])("A job %s arrives as it was sent", (_, job) => {
  const actions = [
    { ...{ id: 4, key: "k", code: "() => 1" }, methodname: "m", actorname: "" },
  ].map((action) => ({ ...action, origin: "{}", intact: true }));
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
