import { describe, expect, it } from 'vitest'
import { byPlace } from '@/alarms/flood'
import type { Alarm, Grade } from '@/api/types'

const NOW = Date.parse('2026-09-22T03:00:00Z')

function alarm(minutesAgo: number, grade: Grade = 'medium', zone = 'b1'): Alarm {
  const raised_at = new Date(NOW - minutesAgo * 60_000).toISOString()
  return { id: `${zone}:${String(minutesAgo)}`, raised_at, grade, zone, state: 'unacknowledged' } as Alarm
}

describe('a flood of alarms', () => {
  it('gathers what can wait by place, and never a high alarm', () => {
    const groups = byPlace([alarm(1), alarm(2, 'high'), alarm(3, 'medium', 'b2'), alarm(4, 'low', 'b2')], (zone) => zone)
    expect(groups.map(({ place, unseen }) => [place, unseen])).toEqual([['b2', 2], ['b1', 1]])
    expect(groups.flatMap((group) => group.alarms).some(({ grade }) => grade === 'high')).toBe(false)
  })

  it('leaves every high alarm and loses no other, whatever comes', () => {
    for (let round = 0; round < 200; round++) {
      const grades: Grade[] = ['high', 'medium', 'low']
      const all = Array.from({ length: round % 40 }, (_, n) => ({ ...alarm(n, grades[(n * 7 + round * 13) % 3], `b${String((n * round) % 5)}`), id: String(n) }))
      const gathered = byPlace(all, (zone) => zone).flatMap((group) => group.alarms.map(({ id }) => id))
      expect(gathered.sort()).toEqual(all.filter(({ grade }) => grade !== 'high').map(({ id }) => id).sort())
    }
  })
})
