import { nameOf } from "../models/job.js";
import type { HostMessage, SentJob, WorkMessage } from "./messages.js";

/** As messages to a child travel: jobs, of which there are many, as lists, which are shorter than names, and sooner read. */
export type PackedHostMessage =
  | Exclude<HostMessage, Jobs>
  | (Omit<Jobs, "jobs"> & { jobs: readonly PackedJob[] });

type Jobs = Extract<WorkMessage, { type: "jobs" }>;

type PackedJob = readonly [
  id: number,
  attempt: number,
  mark: number,
  actionId: number,
  kwargs: string,
  /** Left out where there is nothing to be told of it. */
  ...rest:
    | []
    | [name: string]
    | [
        name: string,
        category: string,
        dependencies: number[],
        results: string[],
      ],
];

export function packJobs(message: HostMessage): PackedHostMessage {
  if (message.type !== "jobs") return message;
  return { ...message, jobs: message.jobs.map(packJob) };
}

export function unpackJobs(message: PackedHostMessage): HostMessage {
  if (message.type !== "jobs") return message;
  return { ...message, jobs: message.jobs.map(unpackJob) };
}

function packJob({ job, mark }: SentJob): PackedJob {
  const { id, attempt, actionId, kwargs, name } = job;
  const { category, dependencies, results } = job;
  const isPlain = category === "" && dependencies.length === 0;
  if (isPlain)
    return name === nameOf(id)
      ? [id, attempt, mark, actionId, kwargs]
      : [id, attempt, mark, actionId, kwargs, name];
  return [
    ...([id, attempt, mark, actionId, kwargs] as const),
    ...([name, category, dependencies, results] as const),
  ];
}

/** Field by field: a spread would cost as much as the rest of a job in its child. */
function unpackJob(packed: PackedJob): SentJob {
  const [id] = packed;
  const job = {
    id,
    attempt: packed[1],
    actionId: packed[3],
    kwargs: packed[4],
    name: packed[5] ?? nameOf(id),
    category: packed[6] ?? "",
    dependencies: packed[7] ?? [],
    results: packed[8] ?? [],
  };
  return { job, mark: packed[2] };
}
