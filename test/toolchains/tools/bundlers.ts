import {
  entry,
  type Family,
  packageJson,
  type Samples,
  type Tool,
} from "../tool.js";

/** Bundles of everything but packages: myjobs finds its programs beside itself, and cannot be bundled. */
export function bundlers({ typed, plain }: Samples): Family {
  const ts = {
    "functions.ts": typed("functions"),
    "meta.ts": typed("meta"),
    "relative.ts": typed("relative"),
    "trip.ts": typed("trip"),
    "main.ts": entry(".js"),
    "package.json": packageJson("module"),
  };
  const js = {
    "functions.js": plain("functions"),
    "meta.js": plain("meta"),
    "relative.js": plain("relative"),
    "trip.js": plain("trip"),
    "main.js": entry(".js"),
    "package.json": packageJson("module"),
  };
  const esbuild = (name: string, options: object): Tool => ({
    name: `esbuild, ${name}`,
    files: { ...ts, "build.mjs": esbuildScript(options) },
    runs: [["build.mjs"], ["out/bundle.mjs"]],
  });
  const webpack = (mode: string, options: object = maps): Tool => ({
    name: `webpack, ${mode}${options === maps ? "" : ", eval"}`,
    files: { ...js, "build.mjs": webpackScript({ mode, ...options }) },
    runs: [["build.mjs"], ["out/bundle.mjs"]],
    // Without a minifier it maps statement by statement; and what it gives to eval, not at all.
    ...(mode === "development" && {
      places: options === maps ? "lines" : "none",
    }),
  });
  return {
    name: "Bundlers",
    tools: [
      esbuild("plain", {}),
      esbuild("minified", { minify: true }),
      esbuild("keepNames", { keepNames: true }),
      esbuild("minified, keepNames", { minify: true, keepNames: true }),
      webpack("development"),
      webpack("development", {}),
      webpack("production"),
    ],
  };
}

const maps = { devtool: "source-map" };

function esbuildScript(options: object): string {
  const all = {
    entryPoints: ["main.ts"],
    outfile: "out/bundle.mjs",
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    sourcemap: true,
    logLevel: "error",
    ...options,
  };
  return `import { build } from "esbuild";
await build(${JSON.stringify(all)});
`;
}

function webpackScript(options: object): string {
  const all = {
    entry: "./main.js",
    target: "node20",
    experiments: { outputModule: true },
    output: {
      path: "",
      filename: "bundle.mjs",
      library: { type: "module" },
      chunkFormat: "module",
    },
    externalsType: "module",
    externals: ["myjobs", "acorn"],
    ...options,
  };
  return `import { resolve } from "node:path";
import webpack from "webpack";
const config = ${JSON.stringify(all)};
config.output.path = resolve("out");
webpack(config, (error, stats) => {
  if (error) throw error;
  if (stats.hasErrors()) throw new Error(stats.toString());
});
`;
}
