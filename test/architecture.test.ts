import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";
import ts from "typescript";

interface Room {
  /** A folder, or a file of its own, below src/ or, for the programs, below workers/. */
  path: string;
  /** It may import what lies below, and itself. */
  layer: number;
  /** Rooms of its own layer that it may import too. */
  beside?: string[];
  /** If given, it may import these alone. */
  only?: string[];
  never?: string[];
  /** Of these it may import types alone. */
  types?: string[];
}

const rooms: Room[] = [
  {
    path: "src/errors.ts",
    layer: 0,
    beside: ["src/frames.ts", "src/models/"],
  },
  { path: "src/frames.ts", layer: 0 },
  { path: "src/clock.ts", layer: 0 },
  { path: "src/processes.ts", layer: 0 },
  { path: "src/programs.ts", layer: 0, beside: ["src/errors.ts"] },
  { path: "src/print.ts", layer: 0, beside: ["src/models/"] },
  { path: "src/models/", layer: 0 },
  { path: "src/options.ts", layer: 1 },
  { path: "src/bounds.ts", layer: 1, beside: ["src/options.ts"] },
  { path: "src/events.ts", layer: 1 },
  { path: "src/faults.ts", layer: 1 },
  { path: "src/rounds.ts", layer: 0, beside: ["src/clock.ts"] },
  { path: "src/underway.ts", layer: 0 },
  { path: "src/store/store.ts", layer: 1, beside: ["src/store/neighbours.ts"] },
  { path: "src/store/neighbours.ts", layer: 1 },
  { path: "src/actions/", layer: 1 },
  { path: "src/transport/", layer: 1 },
  { path: "src/store/sqlite/", layer: 2 },
  { path: "src/execution/", layer: 2 },
  { path: "src/tmux/", layer: 2 },
  { path: "src/pool/", layer: 3, never: ["src/store/"] },
  { path: "src/store/open.ts", layer: 3 },
  {
    path: "src/supervisor/",
    layer: 4,
    never: ["src/store/sqlite/", "src/store/open.ts", "src/execution/"],
    types: ["src/store/store.ts", "src/store/neighbours.ts"],
  },
  { path: "src/handles/", layer: 5 },
  { path: "src/engine.ts", layer: 5, beside: ["src/handles/"] },
  {
    path: "src/myjobs.ts",
    layer: 5,
    beside: ["src/handles/", "src/engine.ts"],
  },
  { path: "src/index.ts", layer: 6 },
  { path: "src/cli/", layer: 7, only: ["src/index.ts"] },
  {
    path: "workers/subprocess.ts",
    layer: 8,
    only: ["src/execution/", "src/actions/", "src/transport/", "src/errors.ts"],
  },
  { path: "workers/", layer: 8, only: ["src/index.ts"] },
];

interface File {
  path: string;
  text: string;
}

interface Edge {
  from: string;
  to: string;
  types: boolean;
}

const longest = 250;
const house = readFiles(["src", "workers"]);

describe("The house", () => {
  const edges = house.flatMap(importsOf);

  test("is read at all", () => {
    expect(edges).toContainEqual({
      from: "src/index.ts",
      to: "src/myjobs.ts",
      types: false,
    });
    expect(edges).toContainEqual({
      from: "src/supervisor/waiter.ts",
      to: "src/store/store.ts",
      types: true,
    });
  });

  test("has a room for each file", () => {
    expect(homeless(house)).toEqual([]);
  });

  test("imports downward only", () => {
    expect(trespasses(edges)).toEqual([]);
  });

  test("has no cycle", () => {
    expect(cycles(edges)).toEqual([]);
  });

  test("keeps SQL in the store", () => {
    expect(strayQueries(house)).toEqual([]);
  });

  test("has no file that is too long", () => {
    expect(tooLong(house)).toEqual([]);
  });

  test("exports from its front door, and does nothing there", () => {
    expect(deeds(house.filter(({ path }) => path === "src/index.ts"))).toEqual(
      [],
    );
  });
});

describe("A bad house is noticed:", () => {
  test.each([
    ["an import upward", "src/models/job.ts", "src/errors.ts"],
    ["an import upward", "src/options.ts", "src/pool/pool.ts"],
    ["an import upward", "src/handles/job.ts", "src/engine.ts"],
    ["an import upward", "src/engine.ts", "src/index.ts"],
    ["a room beside", "src/actions/capture.ts", "src/transport/marks.ts"],
    ["a store in the pool", "src/pool/pool.ts", "src/store/store.ts"],
    ["a store in the pool", "src/pool/pool.ts", "src/store/sqlite/sqlite.ts"],
    ["an opened store", "src/supervisor/waiter.ts", "src/store/open.ts"],
    ["a run", "src/supervisor/waiter.ts", "src/execution/execute.ts"],
    ["a back door", "src/cli/main.ts", "src/myjobs.ts"],
    ["a back door", "src/cli/serve.ts", "src/errors.ts"],
    ["a store in a child", "workers/subprocess.ts", "src/store/open.ts"],
    ["a program", "src/pool/subprocess.ts", "workers/subprocess.ts"],
  ])("%s, from %s to %s", (_what, from, to) => {
    const said = [`${from} -> ${to}`];
    expect(trespasses([{ from, to, types: false }])).toEqual(said);
    expect(trespasses([{ from, to, types: true }])).toEqual(said);
  });

  test("more than a type of the store, in the supervisor", () => {
    const edge = { from: "src/supervisor/waiter.ts", to: "src/store/store.ts" };
    expect(trespasses([{ ...edge, types: true }])).toEqual([]);
    expect(trespasses([{ ...edge, types: false }])).toHaveLength(1);
  });

  test("what lies below is no trespass", () => {
    const good = [
      ["src/myjobs.ts", "src/engine.ts"],
      ["src/engine.ts", "src/store/open.ts"],
      ["src/supervisor/dispatcher.ts", "src/pool/pool.ts"],
      ["src/pool/pool.ts", "src/pool/worker.ts"],
      ["src/cli/main.ts", "src/cli/progress.ts"],
      ["src/cli/main.ts", "src/index.ts"],
      ["workers/subprocess.ts", "src/execution/runner.ts"],
    ] as const;
    const edges = good.map(([from, to]) => ({ from, to, types: false }));
    expect(trespasses(edges)).toEqual([]);
  });

  test("a file without a room", () => {
    const path = "src/helpers.ts";
    expect(homeless([{ path, text: "" }])).toEqual([path]);
    const edge = { from: path, to: "src/errors.ts", types: false };
    expect(trespasses([edge])).toHaveLength(1);
  });

  test("a cycle, of types too", () => {
    const files = [
      { path: "src/a.ts", text: 'import type { B } from "./b.js";' },
      { path: "src/b.ts", text: 'export { c } from "./c/c.js";' },
      { path: "src/c/c.ts", text: 'type A = import("../a.js").A;' },
      { path: "src/d.ts", text: 'const a = await import("./a.js");' },
    ];
    expect(cycles(files.flatMap(importsOf))).toEqual([
      "src/a.ts -> src/b.ts -> src/c/c.ts -> src/a.ts",
    ]);
  });

  test("a file that imports itself", () => {
    const edge = { from: "src/a.ts", to: "src/a.ts", types: true };
    expect(cycles([edge])).toEqual(["src/a.ts -> src/a.ts"]);
  });

  test("every way to import, and whether it is of types alone", () => {
    const text = `
      import one from "./one.js";
      import "./two.js";
      import { type T, three } from "./three.js";
      export * from "./four.js";
      const five = () => import("./five.js");
      import type { S } from "./six.js";
      import { type U } from "./seven.js";
      export type { V } from "./eight.js";
      let nine: typeof import("./nine.js");
      const no = 'import "./no.js"'; // import "./no.js"
    `;
    const edges = importsOf({ path: "src/a.ts", text });
    const to = (types: boolean): string[] =>
      edges
        .filter((edge) => edge.types === types)
        .map((edge) => path.basename(edge.to, ".ts"));
    expect(to(false)).toEqual(["one", "two", "three", "four", "five"]);
    expect(to(true)).toEqual(["six", "seven", "eight", "nine"]);
  });

  test.each([
    "`select id from ${table}`",
    '"INSERT OR IGNORE INTO myjobs_job VALUES (?)"',
    '"update myjobs_job set state = 1"',
    '"delete from myjobs_job"',
    '"create table t (a)"',
    '"pragma data_version"',
    '"begin immediate"',
  ])("a query outside of the store: %s", (literal) => {
    const text = `export const query = ${literal};`;
    const path = "src/handles/job.ts";
    expect(strayQueries([{ path, text }])).toHaveLength(1);
    expect(strayQueries([{ path: "src/store/sqlite/x.ts", text }])).toEqual([]);
  });

  test("words that only sound like a query are none", () => {
    const text = `
      // select one from the list
      const message = "the update of the pool was set back; begin again from the start";
    `;
    expect(strayQueries([{ path: "src/pool/pool.ts", text }])).toEqual([]);
  });

  test("a file that is too long", () => {
    const lines = (count: number): File => ({
      path: "src/long.ts",
      text: "x\n".repeat(count),
    });
    expect(tooLong([lines(longest)])).toEqual([]);
    expect(tooLong([lines(longest + 1)])).toEqual(["src/long.ts: 251 lines"]);
  });

  test("a deed in the front door", () => {
    const text = 'export * from "./errors.js";\nexport const started = now();';
    expect(deeds([{ path: "src/index.ts", text }])).toEqual([
      "export const started = now();",
    ]);
  });
});

function trespasses(edges: Edge[]): string[] {
  return edges
    .filter((edge) => !isAllowed(edge))
    .map(({ from, to }) => `${from} -> ${to}`);
}

function isAllowed({ from, to, types }: Edge): boolean {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === undefined || other === undefined) return false;
  // The programs share a folder, and are strangers to each other.
  if (room === other) return room.layer < 8;
  const listed = (list: string[] = []): boolean =>
    list.some((path) => to.startsWith(path));
  if (room.only) return listed(room.only);
  if (listed(room.never) || (listed(room.types) && !types)) return false;
  return other.layer < room.layer || listed(room.beside);
}

function homeless(files: File[]): string[] {
  return files
    .map(({ path }) => path)
    .filter((path) => roomOf(path) === undefined);
}

function roomOf(file: string): Room | undefined {
  return rooms.find(({ path }) =>
    path.endsWith("/") ? file.startsWith(path) : file === path,
  );
}

/** One for each import that closes a ring. */
function cycles(edges: Edge[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of edges) {
    targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    const begin = way.indexOf(file);
    if (begin !== -1) found.push([...way.slice(begin), file].join(" -> "));
    if (begin !== -1 || done.has(file)) return;
    for (const to of targets.get(file) ?? []) visit(to, [...way, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return found;
}

/** What the file imports of ours, in whatever form. */
function importsOf({ path: from, text }: File): Edge[] {
  const edges: Edge[] = [];
  const add = (specifier: ts.Node | undefined, types: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    if (!specifier.text.startsWith(".")) return;
    const to = path.posix.join(path.posix.dirname(from), specifier.text);
    edges.push({ from, to: to.replace(/\.js$/, ".ts"), types });
  };
  forEachNode(parse(from, text), (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, isOfTypes(node.importClause));
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (
      ts.isImportTypeNode(node) &&
      ts.isLiteralTypeNode(node.argument)
    ) {
      add(node.argument.literal, true);
    } else if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword
    ) {
      add(node.arguments[0], false);
    }
  });
  return edges;
}

function isOfTypes(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  return (
    clause.name === undefined &&
    named !== undefined &&
    ts.isNamedImports(named) &&
    named.elements.every(({ isTypeOnly }) => isTypeOnly)
  );
}

const query =
  /^\s*(select\s[^]*\sfrom\s|(insert|replace)\s+(or\s+\w+\s+)?into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s[^]*\sas\s*\(|(create|alter|drop)\s+(unique\s+)?(table|index|view|trigger)\s|pragma\s+\w+|(begin|commit|rollback)(\s+(immediate|exclusive|transaction)\b|;?\s*$))/i;

function strayQueries(files: File[]): string[] {
  const found: string[] = [];
  for (const file of files) {
    if (file.path.startsWith("src/store/")) continue;
    const source = parse(file.path, file.text);
    forEachNode(source, (node) => {
      const isText =
        ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
      if (!isText) return;
      const text = node.getText(source).slice(1, -1);
      if (query.test(text)) found.push(`${file.path}: ${text}`);
    });
  }
  return found;
}

function tooLong(files: File[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > longest)
    .map(({ path, lines }) => `${path}: ${String(lines)} lines`);
}

/** Statements that are more than an export of what another file has. */
function deeds(files: File[]): string[] {
  return files.flatMap(({ path, text }) => {
    const source = parse(path, text);
    return source.statements
      .filter((node) => !ts.isExportDeclaration(node))
      .map((node) => node.getText(source));
  });
}

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
}

function forEachNode(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => {
    forEachNode(child, visit);
  });
}

function readFiles(folders: string[]): File[] {
  const root = path.dirname(__dirname);
  return folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .sort()
      .map((name) => path.posix.join(folder, name))
      .map((path) => ({ path, text: readFileSync(`${root}/${path}`, "utf8") })),
  );
}
