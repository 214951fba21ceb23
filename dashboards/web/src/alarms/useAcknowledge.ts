/** The alarm a person is about to acknowledge or reset; one dialog serves the whole page. */
import { ref } from 'vue'
import type { Alarm } from '@/api/types'

export interface Asked {
  alarm: Alarm
  what: 'acknowledge' | 'reset'
}

const asked = ref<Asked | null>(null)

export function useAcknowledge() {
  return {
    asked,
    ask: (alarm: Alarm, what: Asked['what'] = 'acknowledge') => {
      asked.value = { alarm, what }
    },
  }
}
