import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import path from "node:path";

/** A server that the peers need, or why there is none. */
export type Server =
  | { env: Record<string, string>; stop: () => Promise<void> }
  | { missing: string };

/** Redis as it is installed, on a free port, in this folder, kept in memory. */
export async function startRedis(folder: string): Promise<Server> {
  if (!isThere("redis-server")) return { missing: "no redis-server here" };
  const port = await freePort();
  const child = spawn(
    "redis-server",
    // prettier-ignore
    ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"],
    { stdio: "ignore" },
  );
  await answers(port);
  return {
    env: { BENCH_PORT: String(port) },
    stop: () => stop(child, "SIGTERM"),
  };
}

/** Postgres with its defaults, in this folder. It refuses to run as root: then it runs as nobody. */
export async function startPostgres(folder: string): Promise<Server> {
  if (!isThere("postgres") || !isThere("initdb"))
    return { missing: "no postgres here" };
  const nobody = 65_534;
  const user =
    process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : undefined;
  const home = path.join(folder, "postgres");
  mkdirSync(home);
  if (user !== undefined) {
    chownSync(folder, user.uid, user.gid);
    chownSync(home, user.uid, user.gid);
  }
  const data = path.join(home, "data");
  execFileSync("initdb", ["-D", data, "-U", "bench", "-A", "trust"], {
    ...user,
    cwd: home,
    stdio: "ignore",
  });
  const port = await freePort();
  const child = spawn(
    "postgres",
    ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", home],
    { ...user, cwd: home, stdio: "ignore" },
  );
  await answers(port);
  return {
    env: {
      BENCH_POSTGRES: `postgres://bench@127.0.0.1:${String(port)}/postgres`,
    },
    stop: () => stop(child, "SIGINT"),
  };
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string")
    throw new Error("no port is free");
  return address.port;
}

/** Resolves when something listens there. */
async function answers(port: number): Promise<void> {
  const limit = performance.now() + 30_000;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch (cause) {
      if (performance.now() > limit) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      socket.destroy();
    }
  }
}

async function stop(
  child: ChildProcess,
  signal: "SIGTERM" | "SIGINT",
): Promise<void> {
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}
