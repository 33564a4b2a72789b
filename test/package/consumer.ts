import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { type Output, pack, run } from "../support/pack.js";

/** An empty project in which the package is installed as a user would, from what `npm pack` makes. */
export class Consumer {
  /** Its name holds what is mistaken where a path is taken for a URL or a word. */
  readonly #folder = mkdtempSync(path.join(tmpdir(), "myjobs package '#100% "));
  /** The project. */
  readonly folder = path.join(this.#folder, "project");
  /** The package in it. */
  readonly package = path.join(this.folder, "node_modules/myjobs");

  async install(): Promise<void> {
    const tarball = await pack(root, path.join(this.#folder, "source"));
    mkdirSync(this.folder);
    this.#write("package.json", { name: "consumer", private: true });
    this.#write("package-lock.json", knownVersions());
    const flags = ["--ignore-scripts", "--omit=dev", "--prefer-offline"];
    await run("npm", ["install", ...flags, tarball], this.folder, npmLimit);
    // To compile it takes more than a minute, and is not what is tested here.
    this.#link("better-sqlite3/build");
    for (const name of [
      "esbuild",
      "jest",
      "tsx",
      "typescript",
      "@types/node",
    ]) {
      this.#link(name);
    }
    cpSync(path.join(__dirname, "fixtures"), this.folder, { recursive: true });
  }

  /** Runs Node in the project; rejects if it fails, or does not exit by itself. */
  async node(...args: string[]): Promise<Output> {
    return run(process.execPath, args, this.folder, runLimit);
  }

  /** Runs a program of a package that is installed in the project. */
  async bin(name: string, ...args: string[]): Promise<Output> {
    const program = path.join("node_modules/.bin", name);
    return run(program, args, this.folder, runLimit);
  }

  /** Checks the types of files as a user's compiler does, those of libraries included. */
  async compile(options: object, ...files: string[]): Promise<Output> {
    const compilerOptions = {
      target: "ES2022",
      lib: ["ES2022"],
      types: ["node"],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      ...options,
    };
    this.#write("tsconfig.json", { compilerOptions, files });
    return this.node("node_modules/typescript/bin/tsc");
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #write(name: string, content: object): void {
    writeFileSync(path.join(this.folder, name), JSON.stringify(content));
  }

  #link(name: string): void {
    const link = path.join(this.folder, "node_modules", name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(root, "node_modules", name), link);
  }
}

const root = path.resolve(__dirname, "../..");

/** A lock of what the package depends on, as it is installed here: npm has that in its cache. */
function knownVersions(): object {
  const text = readFileSync(path.join(root, "package-lock.json"), "utf8");
  const lock = JSON.parse(text) as { packages: Record<string, Locked> };
  const kept = Object.entries(lock.packages).filter(
    ([where, { dev, devOptional }]) => where !== "" && !dev && !devOptional,
  );
  return { ...lock, name: "consumer", packages: Object.fromEntries(kept) };
}

interface Locked {
  dev?: boolean;
  devOptional?: boolean;
}

/** Milliseconds: less than a test may take, so that it is told which program did not exit. */
const runLimit = 50_000;
const npmLimit = 80_000;
