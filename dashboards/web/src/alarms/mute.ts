/** Silence for a while: only for the alarms that sounded when somebody asked for it. Any other high alarm is heard. */
import type { Alarm } from '@/api/types'
import { toMs } from '@/time/instant'

export const MUTE_MS = 600_000

export interface Mute {
  until: number
  /** Calls as `callOf` names them. */
  covers: readonly string[]
}

/** One call of an alarm: when it comes back, or calls again, it is another. */
export function callOf(alarm: Pick<Alarm, 'id' | 'raised_at' | 'raised_again_at' | 'called_again_at'>): string {
  const times = [alarm.raised_at, alarm.raised_again_at, alarm.called_again_at].map((time) => toMs(time ?? null) ?? 0)
  return `${alarm.id}@${String(Math.max(...times))}`
}

/** Whether the mute covers all that calls now. Where nothing calls there is nothing to mute. */
export function silences(mute: Mute | null, calls: readonly string[], now: number): boolean {
  return mute !== null && now < mute.until && calls.length > 0 && calls.every((call) => mute.covers.includes(call))
}
