/** Who fills the roles of a plan now: shifts change. */
import { ref, watch } from 'vue'
import { http } from '@/api/http'
import type { PlanStaff } from '@/api/types'
import { useFresh } from '@/live/useFresh'

/** A plan that is in force may be gone from the site file: then its roles stand without names. */
export function useStaff(plan: () => string | undefined) {
  const staff = ref<PlanStaff | null>(null)
  const reading = useFresh(async () => {
    const asked = plan()
    if (!asked) return
    const found = await http.get<PlanStaff>(`/plans/${encodeURIComponent(asked)}/staff`)
    if (asked === plan()) staff.value = found
  })
  watch(plan, () => {
    staff.value = null
    void reading.look()
  })
  return staff
}
