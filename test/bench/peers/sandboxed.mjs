// The job as BullMQ's sandboxed processor.
export default async ({ data: { a, b } }) => a + b;
