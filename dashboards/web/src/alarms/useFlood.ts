/** Whether a flood is on, by the alarms that called in the last ten minutes. */
import { computed, ref, watch } from 'vue'
import type { Alarm } from '@/api/types'
import { useCommunity } from '@/community/useCommunity'
import { useClock } from '@/time/useClock'
import { byPlace, calledLately, isFlood } from './flood'
import { useAlarms } from './useAlarms'

export function useFlood() {
  const alarms = useAlarms()
  const community = useCommunity()
  const now = useClock()
  const flood = ref(false)
  const count = computed(() => calledLately(alarms.own, now.value))
  watch(count, (n) => (flood.value = isFlood(flood.value, n)), { immediate: true })
  return { flood, count, groups: (shown: readonly Alarm[]) => byPlace(shown, (zone) => community.tree.rootOf(zone)) }
}
