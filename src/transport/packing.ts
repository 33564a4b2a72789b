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
  name: string,
  /** Left out where none of them is there. */
  ...rest: [] | [category: string, dependencies: number[], results: string[]],
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
  return category === "" && dependencies.length === 0
    ? [id, attempt, mark, actionId, kwargs, name]
    : [
        ...([id, attempt, mark, actionId, kwargs, name] as const),
        ...([category, dependencies, results] as const),
      ];
}

/** Field by field: a spread would cost as much as the rest of a job in its child. */
function unpackJob(packed: PackedJob): SentJob {
  const job = {
    id: packed[0],
    attempt: packed[1],
    actionId: packed[3],
    kwargs: packed[4],
    name: packed[5],
    category: packed[6] ?? "",
    dependencies: packed[7] ?? [],
    results: packed[8] ?? [],
  };
  return { job, mark: packed[2] };
}
