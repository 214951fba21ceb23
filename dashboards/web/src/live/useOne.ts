/**
 * The one object a page shows: live from its store, and asked for as whatever the live channel does not carry, and when a
 * snapshot of what is open no longer has it. It stays on the page meanwhile; another object is another page.
 */
import { computed, shallowRef, watch } from 'vue'
import { lives, useFresh } from './useFresh'

export function useOne<T extends { id: string }>(
  id: string,
  known: ReadonlyMap<string, T>,
  fetch: (id: string) => Promise<unknown>,
  connected: () => boolean = lives(),
) {
  const last = shallowRef<T>()
  const reading = useFresh(() => fetch(id), connected)

  watch(() => known.get(id), (now) => {
    if (now) last.value = now
    else if (last.value) void reading.look()
  }, { immediate: true })

  return { one: computed(() => last.value), problem: reading.problem }
}
