/** The alarms that are open, kept up to date by the live channel; those among them that are not on record yet. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { http } from '@/api/http'
import type { Alarm, Grade, Unrecorded } from '@/api/types'
import { VersionedObjects } from '@/live/versioned'
import { byUrgency, isOpen, notOnRecord, rootOf, wantsAcknowledgement } from './order'

export const useAlarms = defineStore('alarms', () => {
  const objects = new VersionedObjects<Alarm>()
  const loaded = ref(false)
  const unrecorded = shallowRef<Unrecorded>({ items: [], left_off: 0, silent_since: null })

  /** Called out without a record, and not on record by now. */
  const owed = computed(() => notOnRecord(unrecorded.value.items, objects.byId.values()))
  const open = computed(() => [...[...objects.byId.values()].filter((alarm) => isOpen(alarm) && !alarm.suppressed), ...owed.value].sort(byUrgency))
  /** Open, and under a suppression: they call nobody. */
  const suppressed = computed(() => [...objects.byId.values()].filter((alarm) => isOpen(alarm) && !!alarm.suppressed).sort(byUrgency))
  /** Open alarms in their own right; consequences are found under them, those of consequences too. */
  const own = computed(() => open.value.filter((alarm) => rootOf(alarm, objects.byId) === null))
  const consequences = computed(() => {
    const under = new Map<string, Alarm[]>()
    for (const alarm of open.value) {
      const root = rootOf(alarm, objects.byId)
      if (root) under.set(root.id, [...(under.get(root.id) ?? []), alarm])
    }
    return under
  })
  const unacknowledged = computed(() => own.value.filter(wantsAcknowledgement))
  const counts = computed(() => {
    const byGrade: Record<Grade, number> = { high: 0, medium: 0, low: 0 }
    own.value.forEach((alarm) => byGrade[alarm.grade]++)
    return byGrade
  })

  async function load(): Promise<void> {
    const mark = objects.mark()
    objects.replace(await http.all<Alarm>('/alarms', { open: true, limit: 200 }, 2000), mark)
    loaded.value = true
  }

  async function loadUnrecorded(): Promise<void> {
    applyUnrecorded(await http.get<Unrecorded>('/alarms/unrecorded'))
  }

  function applyUnrecorded(now: Unrecorded): void {
    unrecorded.value = now
  }

  async function fetchOne(id: string): Promise<Alarm> {
    const alarm = await http.get<Alarm>(`/alarms/${encodeURIComponent(id)}`)
    objects.apply(alarm)
    return objects.byId.get(id) ?? alarm
  }

  async function acknowledge(id: string, note: string): Promise<void> {
    objects.apply(await http.post<Alarm>(`/alarms/${encodeURIComponent(id)}/acknowledge`, { note }))
  }

  async function reset(id: string, reason: string): Promise<void> {
    objects.apply(await http.post<Alarm>(`/alarms/${encodeURIComponent(id)}/reset`, { reason }))
  }

  return {
    byId: objects.byId, unrecorded, owed, open, suppressed, own, consequences, unacknowledged, counts, loaded,
    load, loadUnrecorded, applyUnrecorded, fetchOne, acknowledge, reset, apply: (alarm: Alarm) => objects.apply(alarm),
  }
})
