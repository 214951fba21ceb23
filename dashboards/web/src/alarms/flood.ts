/** A flood: more alarms than a person can take in (EEMUA 191). High ones stay on top; the others are gathered by place. */
import type { Alarm } from '@/api/types'
import { wantsAcknowledgement } from './order'

export interface PlaceGroup {
  place: string
  alarms: Alarm[]
  unseen: number
}

/** What can wait, by place; the place with most to acknowledge first. High alarms are never in here. */
export function byPlace(alarms: Iterable<Alarm>, placeOf: (zone: string) => string): PlaceGroup[] {
  const groups = new Map<string, PlaceGroup>()
  for (const alarm of alarms) {
    if (alarm.grade === 'high') continue
    const place = placeOf(alarm.zone)
    const group = groups.get(place) ?? { place, alarms: [], unseen: 0 }
    group.alarms.push(alarm)
    group.unseen += Number(wantsAcknowledgement(alarm))
    groups.set(place, group)
  }
  return [...groups.values()].sort((a, b) => b.unseen - a.unseen || b.alarms.length - a.alarms.length)
}
