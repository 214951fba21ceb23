/** Which alarm comes first, and what counts as open. */
import type { Alarm, Grade, UnrecordedAlarm } from '@/api/types'

export const GRADES: readonly Grade[] = ['high', 'medium', 'low']

const RANK: Record<Grade, number> = { high: 0, medium: 1, low: 2 }

export function isOpen(alarm: Alarm): boolean {
  return alarm.state !== 'normal'
}

/** Nobody has said yet that they saw it. */
export function wantsAcknowledgement(alarm: Alarm): boolean {
  return alarm.state === 'unacknowledged' || alarm.state === 'returned-unacknowledged'
}

/** The condition still stands. */
export function isStanding(alarm: Alarm): boolean {
  return alarm.state === 'unacknowledged' || alarm.state === 'acknowledged'
}

/** Unacknowledged before acknowledged, then the graver, then the newer. Tests and late news never push ahead of live ones. */
export function byUrgency(a: Alarm, b: Alarm): number {
  return (
    Number(a.test) - Number(b.test) ||
    Number(wantsAcknowledgement(b)) - Number(wantsAcknowledgement(a)) ||
    RANK[a.grade] - RANK[b.grade] ||
    Date.parse(b.raised_at) - Date.parse(a.raised_at) ||
    a.id.localeCompare(b.id)
  )
}

export function worstGrade(alarms: Iterable<Alarm>): Grade | null {
  let worst: Grade | null = null
  for (const alarm of alarms) {
    if (worst === null || RANK[alarm.grade] < RANK[worst]) worst = alarm.grade
  }
  return worst
}

/** A sound is due: high, real, of the present, and not yet seen by anybody. */
export function wantsSound(alarm: Alarm): boolean {
  return alarm.grade === 'high' && alarm.state === 'unacknowledged' && !alarm.test && !alarm.late
}

/** The database could not take it yet: it has no ticket and no plan, and nobody can acknowledge it. */
export function isUnrecorded(alarm: Alarm): alarm is UnrecordedAlarm {
  return 'told' in alarm
}

/** Those that are not on record by now, be it as an alarm of their own or as one that came again. */
export function notOnRecord(owed: readonly UnrecordedAlarm[], known: Iterable<Alarm>): UnrecordedAlarm[] {
  if (!owed.length) return []
  const calledAt = new Map<string, number>()
  for (const alarm of known) {
    const [key, at] = [`${alarm.rule}@${alarm.scope}`, Date.parse(alarm.raised_again_at ?? alarm.raised_at)]
    calledAt.set(key, Math.max(at, calledAt.get(key) ?? 0))
  }
  return owed.filter((alarm) => (calledAt.get(`${alarm.rule}@${alarm.scope}`) ?? 0) < Date.parse(alarm.raised_at))
}

/** The alarm a consequence is found under, through all that lie between; null where it stands alone. A circle hides nothing. */
export function rootOf(alarm: Alarm, byId: ReadonlyMap<string, Alarm>): Alarm | null {
  let at = alarm
  for (let steps = 0; steps <= byId.size; steps++) {
    if (!isFolded(at, byId)) return at === alarm ? null : at
    at = byId.get(at.first_out ?? '') ?? at
  }
  return null
}

/** Folded under the alarm it is a consequence of, as long as that one is open itself. A high alarm is never folded. */
export function isFolded(alarm: Alarm, byId: ReadonlyMap<string, Alarm>): boolean {
  if (!alarm.first_out || alarm.grade === 'high') return false
  const first = byId.get(alarm.first_out)
  return first !== undefined && isOpen(first)
}
