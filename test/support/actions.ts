import path from "node:path";

export function greet({ name }: { name: string }): string {
  return `hello ${name} from ${path.parse(import.meta.url).name}`;
}
