import { absoluteModule } from "./module.js";
import type { ActionFunction, ModuleAction } from "./types.js";

/** The exports of a module that can be actions, by their names and with their types. */
export type ModuleActions<Module> = {
  readonly [
    Name in keyof Module as Module[Name] extends ActionFunction ? Name : never
  ]: Module[Name] extends (kwargs: infer K, ...context: never[]) => infer R
    ? ModuleAction<K, R>
    : never;
};

/**
 * Declares the exports of a module as actions, once for all who schedule them:
 *
 *     export const { resize, crop } = moduleActions<typeof import("./images.js")>(new URL("./images.js", import.meta.url));
 *
 * Loads nothing: the module is first looked at when one of them is scheduled. './images.js' alone is
 * taken as seen from the calling file.
 */
export function moduleActions<Module>(
  module: URL | string,
): ModuleActions<Module> {
  const resolved = absoluteModule(String(module)) ?? String(module);
  return new Proxy({} as ModuleActions<Module>, {
    get: (_target, method) =>
      typeof method === "string" ? { module: resolved, method } : undefined,
  });
}
