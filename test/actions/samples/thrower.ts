import { Capturer } from "../../../src/actions/capture.js";
import { checked } from "../../../src/actions/origin.js";
import { restore } from "../../../src/actions/restore.js";
import { toJobError } from "../../../src/execution/failure.js";

/** A program: prints how the errors of its functions are kept. */
interface Order {
  id: number;
}

async function late({ id }: Order): Promise<never> {
  await Promise.resolve();

  const check = (n: number): void => {
    if (n > 0) throw new RangeError(`order ${String(n)}`);
  };
  check(id);
  throw new Error("not reached");
}

const early = ({ id }: Order): never => {
  throw new TypeError("early", { cause: new Error(`of ${String(id)}`) });
};

const kept: unknown[] = [];
for (const fn of [late, early]) {
  const action = await restore(
    checked(await new Capturer().capture(fn, "schedule")),
  );
  try {
    await action.call({ id: 5 }, {});
  } catch (error) {
    kept.push(toJobError(error, action));
  }
}
process.stdout.write(JSON.stringify(kept));
