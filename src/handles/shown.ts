import { inspect, type InspectOptionsStylized } from "node:util";

/** What `console.log` shows of a handle, whose fields are no properties of its own. */
export function shown(
  name: string,
  fields: object,
  depth: number,
  options: InspectOptionsStylized,
): string {
  return depth < 0
    ? options.stylize(`[${name}]`, "special")
    : `${name} ${inspect(fields, { ...options, depth })}`;
}
