import { expect, test } from 'vitest'
import type { Ticket, TicketState } from '@/api/types'
import { asked, nextDeadline, offers } from '@/tickets/loop'

function ticket(state: TicketState, more: Partial<Ticket> = {}): Ticket {
  return {
    id: 't-1', site: 's', zone: 'z', title_zh: '漏水', title_en: 'Leak', source: 'person:a', priority: 'low', state,
    reported_at: '2026-09-22T00:00:00Z', respond_by: '2026-09-22T02:00:00Z', complete_by: '2026-09-29T00:00:00Z',
    responded_at: null, ended_at: null, reopened_at: null, reopened: 0, assignee: null, rectified_by: null, evidence: [],
    failed_inspections: 0, late: [], conditions: [], standing: false, override: null, photos: [], work: [], minutes: 0, labour: 0, cost: 0,
    alarm: null, point: null, facility: null, activation: null, party: null, merged_into: null, earlier: null,
    history: [], version: 1, ...more,
  }
}

const actions = (state: TicketState, ...roles: Parameters<typeof offers>[2]) =>
  offers(ticket(state), 'somebody', roles).map((offer) => offer.action)

test('each role is offered its steps of the loop, in each state', () => {
  expect(actions('reported', 'manager')).toEqual(['assign', 'start', 'merge', 'cancel'])
  expect(actions('reported', 'crew')).toEqual(['start'])
  expect(actions('in-progress', 'crew')).toEqual(['rectify'])
  expect(actions('rectified', 'crew')).toEqual([])
  expect(actions('rectified', 'supervisor')).toEqual(['reinspect'])
  expect(actions('re-inspected', 'safety-officer')).toEqual(['close'])
  expect(actions('reported', 'administrator')).toEqual([])
})

test('nothing is offered on what has ended', () => {
  for (const state of ['cancelled', 'merged'] as const) expect(actions(state, 'manager', 'crew')).toEqual([])
})

test('whoever rectified sees why they may not re-inspect', () => {
  const own = ticket('rectified', { history: [{ at: '2026-09-22T01:00:00Z', by: 'zhang-min', change: 'rectify', note: '' }] })
  expect(offers(own, 'zhang-min', ['manager'])).toEqual([{ action: 'reinspect', refused: 'own-work' }])
  expect(offers(own, 'sun-hong', ['supervisor'])).toEqual([{ action: 'reinspect', refused: null }])
})

test('first the response counts, then the completion, then nothing', () => {
  expect(nextDeadline(ticket('reported'))?.kind).toBe('respond')
  expect(nextDeadline(ticket('assigned', { responded_at: '2026-09-22T01:00:00Z' }))?.kind).toBe('complete')
  expect(nextDeadline(ticket('rectified', { responded_at: '2026-09-22T01:00:00Z' }))).toBeNull()
  expect(nextDeadline(ticket('closed'))).toBeNull()
})

test('what is asked comes from who looks: the assignee works, somebody else inspects', () => {
  expect(asked(ticket('reported'), 'zhang-min', ['manager'])?.action).toBe('assign')
  expect(asked(ticket('assigned', { assignee: 'chen-gang' }), 'chen-gang', ['crew'])?.action).toBe('start')
  expect(asked(ticket('assigned', { assignee: 'chen-gang' }), 'liu-yang', ['crew'])).toBeNull()
  const own = ticket('rectified', { work: [{ at: '2026-09-22T01:00:00Z', by: 'zhang-min', minutes: 5, labour: 0, parts: [], note: '' }] })
  expect(asked(own, 'zhang-min', ['manager'])).toBeNull()
  expect(asked(own, 'sun-hong', ['supervisor'])?.action).toBe('reinspect')
  expect(asked(ticket('closed'), 'sun-hong', ['supervisor'])).toBeNull()
})
