import { expect, test } from 'vitest'
import type { Activation, StepProgress } from '@/api/types'
import { changesOf, inForce, leftSwitched, personMayFinish, progress } from '@/plans/course'

const step = (fields: Partial<StepProgress>): StepProgress => ({
  id: 'release', name: { zh: '开门' }, kind: 'machine', who: null, state: 'done', due_at: '', proof: 'none', started_at: null, done_at: null, done_by: null, note: null, actions: [], ...fields,
}) as StepProgress
const activation = (fields: Partial<Activation>): Activation => ({ state: 'responding', drill: false, physical: false, steps: [], restoring: [], ...fields }) as Activation
const door = { command: 'c', point: 'doors.relay-1', value: 0, outcome: 'done' as const, reason: null, read_back: 0, answered_at: null }

test('what is not over stands on every page, standby and pause with it', () => {
  for (const state of ['standby', 'activated', 'responding', 'contained', 'paused'] as const) expect(inForce(activation({ state })), state).toBe(true)
  for (const state of ['stood-down', 'reviewed'] as const) expect(inForce(activation({ state })), state).toBe(false)
})

test('a paused plan goes on or ends, and a drill ends in its evaluation', () => {
  expect(changesOf(activation({ state: 'paused' }))).toEqual(['resume', 'stand-down'])
  expect(changesOf(activation({ state: 'standby' }))[0]).toBe('activate')
  expect(changesOf(activation({ state: 'stood-down' }))).toEqual(['review'])
  expect(changesOf(activation({ state: 'stood-down', drill: true }))).toEqual([])
})

test('a step the level does without is nobody’s and does not count', () => {
  const dropped = step({ state: 'dropped', kind: 'person' })
  expect(personMayFinish(dropped)).toBe(false)
  expect(progress(activation({ steps: [step({}), dropped] }))).toMatchObject({ done: 1, all: 1 })
})

test('only a drill that really moved something leaves something to switch back', () => {
  const steps = [step({ actions: [door] })]
  expect(leftSwitched(activation({ steps }))).toEqual(['doors.relay-1'])
  expect(leftSwitched(activation({ steps, drill: true }))).toEqual([])
  expect(leftSwitched(activation({ steps, drill: true, physical: true }))).toEqual(['doors.relay-1'])
})
