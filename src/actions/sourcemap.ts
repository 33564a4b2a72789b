import { readFileSync } from "node:fs";
import { findSourceMap } from "node:module";
import { pathToFileURL } from "node:url";

import { toPath } from "./caller.js";
import { readMappings, type Segment } from "./mappings.js";

export interface SourceMapFile {
  segments: Segment[];
  /** The user's files: absolute paths, where they are that. */
  files: string[];
  /** Their texts, where the map holds them. */
  contents: (string | null | undefined)[];
}

/** The source map of a script: what the script itself names, else what Node has kept for it. */
export function readSourceMap(
  script: string,
  mapUrl: string,
): SourceMapFile | undefined {
  const base = script.startsWith("/") ? pathToFileURL(script).href : script;
  try {
    const map =
      mapUrl === ""
        ? findSourceMap(script)?.payload
        : (JSON.parse(read(mapUrl, base)) as RawMap);
    if (typeof map?.mappings !== "string") return undefined;
    const from =
      mapUrl.startsWith("data:") || mapUrl === ""
        ? base
        : new URL(mapUrl, base).href;
    return {
      segments: readMappings(map.mappings),
      files: map.sources.map((source) =>
        resolve((map.sourceRoot ?? "") + source, from),
      ),
      contents: map.sourcesContent ?? [],
    };
  } catch {
    // A map that is not there, or is none: the script's own places must do.
    return undefined;
  }
}

interface RawMap {
  mappings?: string;
  sources: string[];
  sourceRoot?: string;
  sourcesContent?: (string | null)[];
}

function read(mapUrl: string, base: string): string {
  if (!mapUrl.startsWith("data:"))
    return readFileSync(new URL(mapUrl, base), "utf8");
  const [head = "", data = ""] = split(mapUrl);
  return head.endsWith(";base64")
    ? Buffer.from(data, "base64").toString()
    : decodeURIComponent(data);
}

function split(dataUrl: string): string[] {
  const comma = dataUrl.indexOf(",");
  return [dataUrl.slice(0, comma), dataUrl.slice(comma + 1)];
}

function resolve(source: string, from: string): string {
  try {
    const url = new URL(source, from);
    return url.protocol === "file:" ? (toPath(url.href) ?? source) : source;
  } catch {
    return source;
  }
}
