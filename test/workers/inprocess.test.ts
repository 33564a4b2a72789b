import { workerSuite } from "./suite.js";

workerSuite("inprocess", (myjobs) => myjobs.workerStart());
