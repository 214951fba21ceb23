/** Emergency plans and their activations; activations are kept up to date by the live channel. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { http } from '@/api/http'
import type { Activation, Grade, Plan } from '@/api/types'
import { inLanguage } from '@/i18n'
import { VersionedObjects } from '@/live/versioned'
import { inForce, type Change } from './course'

export const usePlans = defineStore('plans', () => {
  const plans = shallowRef<readonly Plan[]>([])
  const objects = new VersionedObjects<Activation>()
  const loaded = ref(false)

  const activations = computed(() =>
    [...objects.byId.values()].sort((a, b) => Date.parse(b.activated_at) - Date.parse(a.activated_at)),
  )
  const active = computed(() => activations.value.filter(inForce))

  async function load(): Promise<void> {
    const mark = objects.mark()
    const [planRows, activationRows] = await Promise.all([
      http.all<Plan>('/plans'),
      http.all<Activation>('/activations', { limit: 100 }, 300),
    ])
    plans.value = planRows
    objects.replace(activationRows, mark)
    loaded.value = true
  }

  function planName(id: string): string {
    return inLanguage(plans.value.find((plan) => plan.id === id)?.name) || id
  }

  async function fetchActivation(id: string): Promise<Activation> {
    const activation = await http.get<Activation>(`/activations/${encodeURIComponent(id)}`)
    objects.apply(activation)
    return objects.byId.get(id) ?? activation
  }

  async function activate(plan: string, request: { zone: string; level: Grade; reason: string; alarm: string | null }): Promise<Activation> {
    const activation = await http.post<Activation>(`/plans/${encodeURIComponent(plan)}/activations`, request)
    objects.apply(activation)
    return activation
  }

  async function stepDone(id: string, step: string, shown: { note: string; photos: string[]; value: number | null }): Promise<void> {
    const path = `/activations/${encodeURIComponent(id)}/steps/${encodeURIComponent(step)}/done`
    objects.apply(await http.post<Activation>(path, shown))
  }

  /** The id of the photo, which a step then names. */
  async function addPhoto(id: string, picture: Blob): Promise<string | undefined> {
    const after = await http.post<Activation>(`/activations/${encodeURIComponent(id)}/photos`, picture)
    objects.apply(after)
    return after.photos?.at(-1)?.id
  }

  async function change(id: string, to: Change | 'restore', reason: string): Promise<void> {
    objects.apply(await http.post<Activation>(`/activations/${encodeURIComponent(id)}/${to}`, { reason }))
  }

  async function changeLevel(id: string, level: Grade, reason: string): Promise<void> {
    objects.apply(await http.post<Activation>(`/activations/${encodeURIComponent(id)}/level`, { level, reason }))
  }

  async function takeCommand(id: string, reason: string): Promise<void> {
    objects.apply(await http.post<Activation>(`/activations/${encodeURIComponent(id)}/command`, { reason }))
  }

  async function handOver(id: string, to: string, reason: string): Promise<void> {
    objects.apply(await http.post<Activation>(`/activations/${encodeURIComponent(id)}/command/offer`, { to, reason }))
  }

  return {
    plans, byId: objects.byId, activations, active, loaded, planName,
    load, fetchActivation, activate, stepDone, addPhoto, change, changeLevel, takeCommand, handOver, apply: (a: Activation) => objects.apply(a),
  }
})
