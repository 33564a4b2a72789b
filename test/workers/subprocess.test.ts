import { workerSuite } from "./suite.js";

workerSuite("subprocess", (myjobs) =>
  myjobs.workersSubprocessStart({ nrFixed: 1 }),
);
