/** What keeps alarms from calling: shelved alarms, and sensors out of service. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { http } from '@/api/http'
import type { Alarm, Suppression } from '@/api/types'
import { VersionedObjects } from '@/live/versioned'

/** What a person is about to suppress: one alarm, the sensors of a place or a device, or what maintenance brings about. */
export type Asked = { alarm: Alarm } | { zone: string; device?: string } | { maintain: { zone: string } | { device: string } | { facility: string }; name: string }
type Maintained = Extract<Asked, { maintain: unknown }>['maintain']

export const useSuppressions = defineStore('suppressions', () => {
  const objects = new VersionedObjects<Suppression>()
  const asked = ref<Asked | null>(null)
  const active = computed(() => [...objects.byId.values()].filter((one) => one.state !== 'over').sort((a, b) => Date.parse(a.until) - Date.parse(b.until)))
  /** Places where fire is not detected: somebody has to watch. */
  const blind = computed(() => active.value.filter((one) => one.fire))

  async function load(): Promise<void> {
    const mark = objects.mark()
    objects.replace(await http.get<Suppression[]>('/suppressions'), mark)
  }

  async function shelve(alarm: string, reason: string, until: string): Promise<void> {
    objects.apply(await http.post<Suppression>('/suppressions/shelved', { alarm, reason, until }))
  }

  async function takeOut(zone: string, device: string | undefined, reason: string, until: string): Promise<void> {
    objects.apply(await http.post<Suppression>('/suppressions/out-of-service', { zone, device: device ?? null, reason, until }))
  }

  async function maintain(what: Maintained, reason: string, until: string): Promise<void> {
    objects.apply(await http.post<Suppression>('/suppressions/maintenance', { ...what, reason, until }))
  }

  async function end(id: string): Promise<void> {
    objects.apply(await http.post<Suppression>(`/suppressions/${encodeURIComponent(id)}/end`, {}))
  }

  return { byId: objects.byId, active, blind, asked, load, shelve, takeOut, maintain, end, apply: (one: Suppression) => objects.apply(one) }
})
