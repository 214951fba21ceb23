/** What others have changed, counted by kind and by id: a screen that loads something itself watches it and loads again. */
import { shallowReactive } from 'vue'

const counts = shallowReactive(new Map<string, number>())

const key = (kind: string, id?: string): string => (id === undefined ? kind : `${kind}:${id}`)

export function noteChange(kind: string, id: string): void {
  for (const one of [key(kind), key(kind, id)]) counts.set(one, (counts.get(one) ?? 0) + 1)
}

/** How often any of a kind, or one of it, was changed since this page is open. */
export function changesOf(kind: string, id?: string): number {
  return counts.get(key(kind, id)) ?? 0
}
