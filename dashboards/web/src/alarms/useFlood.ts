/** Whether a flood is on. The server says so by its journal: every screen shows the same, and a page that was just opened too. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { http } from '@/api/http'
import type { Flood } from '@/api/types'

/** In a flood alarms come faster than anybody needs to be told that there is one. */
const SOON_MS = 1_000

export const useFlood = defineStore('flood', () => {
  const now = ref<Flood | null>(null)
  let timer: ReturnType<typeof setTimeout> | null = null

  async function load(): Promise<void> {
    now.value = await http.get<Flood>('/alarm-load/now')
  }

  /** An alarm changed: ask once, however many follow at once. */
  function soon(): void {
    timer ??= setTimeout(() => {
      timer = null
      void load().catch(() => undefined) // asked again with the next alarm, and twice a minute
    }, SOON_MS)
  }

  return { now, load, soon }
})
