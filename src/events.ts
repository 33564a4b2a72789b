import { EventEmitter } from "node:events";

import { setImmediate } from "./clock.js";
import { OptionError } from "./errors.js";

/** A size of the pool that is about to change, and why. */
export interface Scale {
  from: number;
  to: number;
  /** Jobs that could run now. */
  ready: number;
  /** Workers that have one. */
  busy: number;
}

/** The events of a MyJobs, with what their listeners are given. */
export interface EventMap<Job, Worker, State> {
  /** By this instance; it is stored. */
  scheduled: [job: Job];
  /** In a worker of this process that is this instance's: those in windows are other processes. */
  started: [job: Job];
  /** In a worker of this process, or by a call to this instance; its end is stored. */
  ended: [job: Job];
  /** One of this instance's has come into a state. */
  worker: [worker: Worker, state: State];
  /** The pool is about to change its size. */
  scale: [scale: Scale];
  /** A fault of the system, never of a job; the same one is told once in 100 ms. */
  error: [error: Error];
}

const names = ["scheduled", "started", "ended", "worker", "scale", "error"];

/** A typed emitter whose `error` needs no listener, and whose listeners' faults do no harm to the emitter. */
export class Events<Map extends Record<keyof Map, unknown[]>> {
  readonly #emitter = new EventEmitter();

  on<Name extends keyof Map & string>(
    name: Name,
    listener: (...args: Map[Name]) => void,
  ): void {
    check("on", name, listener);
    this.#emitter.on(name, listener as (...args: unknown[]) => void);
  }

  off<Name extends keyof Map & string>(
    name: Name,
    listener: (...args: Map[Name]) => void,
  ): void {
    check("off", name, listener);
    this.#emitter.off(name, listener as (...args: unknown[]) => void);
  }

  /** Whether it is worth making what the listeners would be given. */
  heard(name: keyof Map & string): boolean {
    return this.#emitter.listenerCount(name) > 0;
  }

  emit<Name extends keyof Map & string>(name: Name, ...args: Map[Name]): void {
    for (const listener of this.#emitter.listeners(name)) {
      try {
        (listener as (...args: Map[Name]) => void)(...args);
      } catch (fault) {
        // The listener's fault is its owner's: it surfaces as uncaught there, outside of our own work.
        setImmediate(() => {
          throw fault;
        });
      }
    }
  }
}

function check(where: string, event: unknown, listener: unknown): void {
  if (typeof event !== "string" || !names.includes(event))
    throw new OptionError(where, "event", event, `one of ${names.join(", ")}`);
  if (typeof listener !== "function")
    throw new OptionError(where, "listener", listener, "a function");
}
