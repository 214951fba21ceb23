// @vitest-environment happy-dom
import { enableAutoUnmount, flushPromises } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import type { AccessEvent, Account, Activation, Alarm, Point, Round, RuleDetail, Ticket } from '@/api/types'
import AccessEvents from '@/community/AccessEvents.vue'
import { useAlarms } from '@/alarms/useAlarms'
import { useCommunity } from '@/community/useCommunity'
import RoundPage from '@/facilities/RoundPage.vue'
import { language } from '@/i18n'
import ActivationPage from '@/plans/ActivationPage.vue'
import RulePage from '@/rules/RulePage.vue'
import TicketsPage from '@/tickets/TicketsPage.vue'
import UsersPage from '@/users/UsersPage.vue'
import { lookBack, open, Refusal } from './page'

language.value = 'en'
enableAutoUnmount(afterEach)

const list = <T>(...items: T[]) => ({ items, next: null })

/** A request that is answered when the test says so. */
function later<T>(): { answer: Promise<T>; come: (value: T) => Promise<void> } {
  let resolve: (value: T) => void = () => undefined
  const answer = new Promise<T>((done) => { resolve = done })
  return { answer, come: async (value) => { resolve(value); await flushPromises() } }
}

test('why a person was refused stays on the page when the page reads again, and their button stays usable', async () => {
  const account = { username: 'wang', name: '王', roles: ['manager'], disabled: false } as Account
  const slow = later<unknown>()
  const users = vi.fn<() => unknown>(() => list(account))
  const { page } = await open(UsersPage, {}, { 'GET /users': users, 'PATCH /users/wang': new Refusal(409, 'somebody must remain who manages users') })
  const disable = () => page.findAll('[data-testid=user-row] button')[1]
  await disable()?.trigger('click')
  await flushPromises()
  expect(page.get('.problem').text()).toContain('somebody must remain')
  users.mockReturnValueOnce(slow.answer)
  await lookBack()
  expect(page.get('.problem').text()).toContain('somebody must remain')
  await disable()?.trigger('click')
  await flushPromises()
  expect(users).toHaveBeenCalledTimes(2)
  expect(page.get('.problem').text()).toContain('somebody must remain')
})

test('a round that was read before it was begun does not show itself as not begun', async () => {
  const round = (state: string, version: number) => ({ id: 'r1', name: { zh: '', en: 'Round' }, version, state, left: 3, questions: [], answers: {}, photos: [], due_at: '2026-11-01T00:00:00Z' }) as unknown as Round
  const slow = later<Round>()
  const read = vi.fn<() => unknown>(() => round('planned', 2))
  const { page } = await open(RoundPage, { id: 'r1' }, { 'GET /inspections/r1': read, 'GET /facilities': [], 'POST /inspections/r1/start': round('under-way', 3) }, ['safety-officer'])
  read.mockReturnValueOnce(slow.answer)
  await lookBack()
  await page.get('[data-testid=round-begin]').trigger('click')
  await flushPromises()
  const state = () => page.get('[data-testid=round-detail]').attributes('data-state')
  expect(state()).toBe('under-way')
  await slow.come(round('planned', 2))
  expect(state()).toBe('under-way')
})

test("tickets asked for an earlier view are not shown under a later one, however late they come", async () => {
  const team = later<unknown>()
  const ticket = (id: string) => ({ id, version: 1, title: { zh: '', en: '' }, state: 'reported', grade: 'low', priority: 'low', late: [], reported_at: '2026-11-01T00:00:00Z', due: {} }) as unknown as Ticket
  const { page } = await open(TicketsPage, {}, { 'GET /tickets': (url: string) => (url.includes('whose=team') ? team.answer : url.includes('open=') ? list() : list(ticket('of-all'))) })
  const view = (name: string) => page.findAll('.el-segmented input').at(['open', 'mine', 'team', 'late', 'all'].indexOf(name))
  await view('team')?.setValue(true)
  await view('all')?.setValue(true)
  await team.come(list(ticket('of-the-team')))
  expect(page.findAll('[data-testid=ticket-row]').map((row) => row.attributes('data-ticket-id'))).toEqual(['of-all'])
})

test('a change somebody is writing to a rule is kept when the page reads again', async () => {
  const rule = (text: string) => ({ id: 'heat', text, base: 'b', message: { zh: '', en: 'Heat' }, risk: 'high', plan: null, risks: [], suppressed_by: [], explains: [], watched: [], during: [], condition_words: { zh: '', en: '' }, per: 'point' }) as unknown as RuleDetail
  const read = vi.fn<() => unknown>(() => rule('value > 50'))
  const { page } = await open(RulePage, { id: 'heat' }, { 'GET /rules/heat': read, 'GET /rules/heat/versions': [] })
  const lines = () => page.get<HTMLTextAreaElement>('textarea')
  expect(lines().element.value).toBe('value > 50')
  read.mockReturnValue(rule('value > 60'))
  const slow = later<RuleDetail>()
  read.mockReturnValueOnce(slow.answer)
  await lookBack()
  await lines().setValue('value > 57')
  await slow.come(rule('value > 60'))
  expect(lines().element.value).toBe('value > 57')
  await lookBack()
  expect(lines().element.value).toBe('value > 57')
})

test('a failed reading of the doors is said, and is not "no records"', async () => {
  const events = vi.fn<() => unknown>(() => 503)
  const answers = { 'GET /access-events': events }
  const { page } = await open(AccessEvents, { zone: 'b3' }, answers)
  const community = useCommunity()
  community.zones = [{ id: 'b3', parent: null, name: { zh: '三号楼', en: 'Building 3' } }] as never
  community.points = new Map([['door.access', { id: 'door.access', zone: 'b3', kind: 'event' } as unknown as Point]])
  await flushPromises()
  expect(page.find('[role=alert]').exists()).toBe(true)
  expect(page.text()).not.toContain('No ')
  events.mockReturnValue(list<AccessEvent>())
  await lookBack()
  expect(page.find('[role=alert]').exists()).toBe(false)
})

test('alarms of an activation that are over are asked for by name, each once; what happens elsewhere asks for nothing', async () => {
  const ids = Array.from({ length: 12 }, (_, n) => `a${String(n)}`)
  const alarm = (id: string) => ({ id, version: 1, state: 'normal', message: { zh: '', en: `Smoke ${id}` }, zone: 'b3', raised_at: '2026-11-01T00:00:00Z', raised_by: [] }) as unknown as Alarm
  const activation = { id: 'x', version: 1, plan: 'fire', plan_name: { zh: '', en: 'Fire' }, state: 'stood-down', level: 'high', cause: 'alarm:a0', reason: '', alarms: ids, steps: [], photos: [], restoring: [], timeline: [], command: { state: 'none', person: null, asked: [] }, activated_at: '2026-11-01T00:00:00Z' } as unknown as Activation
  const { page, asked } = await open(ActivationPage, { id: 'x' }, { 'GET /activations/x': activation, ...Object.fromEntries(ids.map((id) => [`GET /alarms/${id}`, alarm(id)])) })
  await flushPromises()
  expect(page.text()).toContain('Smoke a11')
  const names = () => asked.filter((one) => one.startsWith('GET /alarms/a'))
  expect(names().sort()).toEqual(ids.map((id) => `GET /alarms/${id}`).sort())
  useAlarms().apply(alarm('elsewhere'))
  useAlarms().apply({ ...alarm('a3'), version: 2 })
  await flushPromises()
  expect(names()).toHaveLength(ids.length)
})
