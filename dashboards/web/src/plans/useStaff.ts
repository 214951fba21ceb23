/** Who fills the roles of a plan now: read again every minute, because shifts change. */
import { useIntervalFn } from '@vueuse/core'
import { ref, watch } from 'vue'
import { http } from '@/api/http'
import type { PlanStaff } from '@/api/types'

const EVERY_MS = 60_000

export function useStaff(plan: () => string | undefined) {
  const staff = ref<PlanStaff | null>(null)

  async function load(): Promise<void> {
    const asked = plan()
    if (!asked) return
    try {
      const found = await http.get<PlanStaff>(`/plans/${encodeURIComponent(asked)}/staff`)
      if (asked === plan()) staff.value = found
    } catch {
      // a plan that is in force may be gone from the site file: then its roles stand without names
    }
  }

  watch(plan, () => {
    staff.value = null
    void load()
  }, { immediate: true })
  useIntervalFn(() => void load(), EVERY_MS)

  return staff
}
