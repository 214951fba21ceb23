/** What a page shows and the live channel does not carry: read again while somebody looks, and once connection or eye is back. */
import { useDocumentVisibility, useIntervalFn } from '@vueuse/core'
import { computed, onMounted, watch } from 'vue'
import { useRequest } from '@/api/useRequest'
import { useLiveCommunity } from './useLiveCommunity'

export const EVERY_MS = 60_000

/** The reading is a request of its own: it neither holds up nor wipes away what a person asked for. */
export function useFresh(load: () => unknown, connected: () => boolean = lives()) {
  const visible = useDocumentVisibility()
  const looked = computed(() => visible.value === 'visible' && connected())
  const request = useRequest()
  let again = false

  /** Read now; asked while it reads, it reads once more: what began before the question is no answer to it. */
  async function look(): Promise<void> {
    again = request.busy.value
    if (again) return
    await request.run(async () => { await load() })
    if (again) await look()
  }

  onMounted(look)
  watch(looked, (now) => { if (now) void look() })
  useIntervalFn(() => { if (looked.value) void look() }, EVERY_MS)
  return { busy: request.busy, problem: request.problem, look }
}

/** Whether the live channel stands. */
export function lives(): () => boolean {
  const live = useLiveCommunity()
  return () => live.connected
}
