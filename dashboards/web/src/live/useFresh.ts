/** What a page shows and the live channel does not carry: read again while somebody looks, and once connection or eye is back. */
import { useDocumentVisibility, useIntervalFn } from '@vueuse/core'
import { computed, onMounted, watch } from 'vue'
import { useLiveCommunity } from './useLiveCommunity'

export const EVERY_MS = 60_000

export function useFresh(load: () => unknown, connected: () => boolean = lives()): void {
  const visible = useDocumentVisibility()
  const looked = computed(() => visible.value === 'visible' && connected())
  onMounted(load)
  watch(looked, (now) => { if (now) load() })
  useIntervalFn(() => { if (looked.value) load() }, EVERY_MS)
}

/** Whether the live channel stands. */
export function lives(): () => boolean {
  const live = useLiveCommunity()
  return () => live.connected
}
