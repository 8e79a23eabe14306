import { canUnfold, type Instance, type Instances } from "./instances";
import type { Hit } from "./types";

/** Most hits that are told. */
const MANY = 2000;

/**
 * The items whose path, class, op, name or configuration holds all the words, in order. Of folded
 * copies the first stands for all, unless the words name another by its path.
 */
export function search(instances: Instances, query: string): Hit[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const hits: Hit[] = [];
  const visit = (found: readonly Instance[]): void => {
    for (const instance of found) {
      if (hits.length >= MANY) return;
      if (matches(instance, words)) hits.push(hit(instance));
      visit(instances.children(instance));
      if (canUnfold(instance)) {
        instance.template.paths!.forEach((_, index) => {
          if (index && names(instance, index, words)) visit(instances.copies(instance)[index]!);
        });
      }
    }
  };
  visit(instances.top);
  return hits;
}

function matches({ item }: Instance, words: readonly string[]): boolean {
  const path = item.path?.toLowerCase() ?? "";
  const text = `${path} ${item.title} ${item.name ?? ""} ${item.detail ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Whether a word is, or leads into, the path of a copy. */
function names({ template, renames }: Instance, index: number, words: readonly string[]): boolean {
  const own = (template.paths?.[index] ?? []).map((path) => {
    const pair = renames.find(([from]) => path.startsWith(`${from}.`));
    return (pair ? pair[1] + path.slice(pair[0].length) : path).toLowerCase();
  });
  return own.some((path) => words.some((word) => word === path || word.startsWith(`${path}.`)));
}

function hit({ id, item }: Instance): Hit {
  return { id, path: item.path ?? "", title: item.title };
}
