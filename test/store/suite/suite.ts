import { afterEach, beforeEach, describe } from "@jest/globals";

import type { Store } from "../../../src/store/store.js";
import { actionSuite } from "./actions.js";
import { dependencySuite } from "./dependencies.js";
import type { Ground, Hosts } from "./ground.js";
import { guardSuite, sharedGuardSuite } from "./guards.js";
import { hostSuite } from "./hosts.js";
import { jobSuite } from "./jobs.js";
import { neighbourSuite } from "./neighbours.js";
import { querySuite } from "./queries.js";
import { textSuite } from "./texts.js";
import { sharedTurnSuite, turnSuite } from "./turns.js";
import { workerSuite } from "./workers.js";

/** What every store must do. `shared`: several hosts can be on it, and it outlives them. */
export function storeSuite(
  name: string,
  prepare: () => Ground,
  shared = true,
): void {
  describe(name, () => {
    const open: Store[] = [];
    let ground: Ground;
    const hosts: Hosts = {
      open: async (now) => {
        const store = await ground.open(now);
        open.push(store);
        return store;
      },
      lose: (host) => ground.lose(host),
    };

    beforeEach(() => {
      ground = prepare();
    });

    afterEach(async () => {
      await Promise.all(open.splice(0).map((store) => store.close()));
    });

    jobSuite(hosts);
    dependencySuite(hosts);
    querySuite(hosts);
    workerSuite(hosts);
    actionSuite(hosts);
    guardSuite(hosts);
    turnSuite(hosts);
    textSuite(hosts);
    if (!shared) return;
    hostSuite(hosts);
    neighbourSuite(hosts);
    sharedGuardSuite(hosts);
    sharedTurnSuite(hosts);
  });
}
