import { ownTmuxServer } from "../support/tmux.js";
import { workerSuite } from "./suite.js";

workerSuite("tmux", (myjobs) => myjobs.workerTmuxStart());

ownTmuxServer();
