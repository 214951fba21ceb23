import { describe, expect, it } from 'vitest'
import { byPlace, calledLately, isFlood } from '@/alarms/flood'
import type { Alarm, Grade } from '@/api/types'

const NOW = Date.parse('2026-09-22T03:00:00Z')

function alarm(minutesAgo: number, grade: Grade = 'medium', zone = 'b1'): Alarm {
  const raised_at = new Date(NOW - minutesAgo * 60_000).toISOString()
  return { id: `${zone}:${String(minutesAgo)}`, raised_at, grade, zone, state: 'unacknowledged' } as Alarm
}

describe('a flood of alarms', () => {
  it('begins above ten in ten minutes and ends below five', () => {
    const lately = calledLately([alarm(1), alarm(9.5), alarm(11), { ...alarm(30), raised_again_at: alarm(2).raised_at }], NOW)
    expect(lately).toBe(3)
    expect([10, 11].map((n) => isFlood(false, n))).toEqual([false, true])
    expect([5, 4].map((n) => isFlood(true, n))).toEqual([true, false])
  })

  it('gathers what can wait by place, and never a high alarm', () => {
    const groups = byPlace([alarm(1), alarm(2, 'high'), alarm(3, 'medium', 'b2'), alarm(4, 'low', 'b2')], (zone) => zone)
    expect(groups.map(({ place, unseen }) => [place, unseen])).toEqual([['b2', 2], ['b1', 1]])
    expect(groups.flatMap((group) => group.alarms).some(({ grade }) => grade === 'high')).toBe(false)
  })
})
