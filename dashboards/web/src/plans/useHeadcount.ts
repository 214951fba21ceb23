/** The headcount of an activation: read again when another phone changes it, and every few seconds, for the doors. */
import { useIntervalFn } from '@vueuse/core'
import { computed, ref, watch } from 'vue'
import { ApiError, http } from '@/api/http'
import type { Headcount } from '@/api/types'
import { useRequest } from '@/api/useRequest'
import { changesOf } from '@/live/changes'

const EVERY_MS = 4_000

export function useHeadcount(activation: () => string, running: () => boolean) {
  const request = useRequest()
  const headcount = ref<Headcount | null>(null)
  const known = ref(false)
  /** The list is of before: the last reading of it failed. */
  const old = ref(false)
  const place = computed(() => `/activations/${encodeURIComponent(activation())}/headcount`)

  function take(found: Headcount | null): void {
    if (found && headcount.value && found.version < headcount.value.version) return
    headcount.value = found
    known.value = true
    old.value = false
  }

  async function load(): Promise<void> {
    const asked = place.value
    try {
      const found = await http.get<Headcount>(asked)
      if (asked === place.value) take(found)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) take(null)
      else old.value = true
    }
  }

  async function send(what: string, body: unknown): Promise<void> {
    take(await http.post<Headcount>(place.value + what, body))
  }

  const change = (what: string, body: unknown): Promise<boolean> => request.run(() => send(what, body))

  watch(place, () => {
    headcount.value = null
    known.value = false
    void load()
  }, { immediate: true })
  watch(() => changesOf('headcount', activation()), () => void load())
  useIntervalFn(() => { if (running()) void load() }, EVERY_MS)

  return { headcount, known, old, request, send, change }
}
