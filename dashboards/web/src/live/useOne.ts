/**
 * The one object a page shows: live from its store, asked for when the page opens, when it goes on to another one, once
 * the connection is back, and when a snapshot of what is open no longer has it. It stays on the page meanwhile.
 */
import { computed, shallowRef, watch } from 'vue'
import { useRequest } from '@/api/useRequest'
import { lives } from './useFresh'

export function useOne<T extends { id: string }>(
  id: () => string,
  known: ReadonlyMap<string, T>,
  fetch: (id: string) => Promise<unknown>,
  connected: () => boolean = lives(),
) {
  const request = useRequest()
  const last = shallowRef<T>()
  const one = computed(() => known.get(id()) ?? (last.value?.id === id() ? last.value : undefined))

  async function look(): Promise<void> {
    const asked = id()
    await request.run(() => fetch(asked))
    if (asked !== id()) await look() // the page went on to another one while it was asked
  }

  watch(() => known.get(id()), (now) => { if (now) last.value = now }, { immediate: true })
  watch([id, () => known.has(id()), connected], ([now, has, live], [before, had, lived]) => {
    if (now !== before || (had && !has) || (live && !lived)) void look()
  }, { immediate: true })

  return { one, problem: request.problem }
}
