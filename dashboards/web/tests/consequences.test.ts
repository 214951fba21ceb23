import { describe, expect, it } from 'vitest'
import { rootOf } from '@/alarms/order'
import type { Alarm } from '@/api/types'

function site(...rows: [string, string | null, Partial<Alarm>?][]): Map<string, Alarm> {
  return new Map(rows.map(([id, first_out, more]) => [id, { id, first_out, grade: 'medium', state: 'unacknowledged', ...more } as Alarm]))
}

function roots(known: Map<string, Alarm>): Record<string, string | undefined> {
  return Object.fromEntries([...known.values()].map((alarm) => [alarm.id, rootOf(alarm, known)?.id]))
}

describe('consequences', () => {
  it('are found under the alarm that began it, through all between', () => {
    expect(roots(site(['power', null], ['flow', 'power'], ['chill', 'flow']))).toEqual({ power: undefined, flow: 'power', chill: 'power' })
  })

  it('stand alone when it is over, unknown, or when they are high', () => {
    const known = site(['power', null, { state: 'normal' }], ['flow', 'power'], ['gone', 'x'], ['top', null], ['fire', 'top', { grade: 'high' }])
    expect(roots(known)).toEqual({ power: undefined, flow: undefined, gone: undefined, top: undefined, fire: undefined })
  })

  it('of each other are not hidden', () => {
    expect(roots(site(['a', 'b'], ['b', 'a']))).toEqual({ a: undefined, b: undefined })
  })
})
