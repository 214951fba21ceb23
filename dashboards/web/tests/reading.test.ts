import { expect, test } from 'vitest'
import { QUALITY_BITS, notableFlags, qualityFlags, usable } from '@/points/quality'
import { formatNumber, isKnown, shown, type LiveValue } from '@/points/reading'

const NUMBER = { kind: 'number', unit: '°C' } as const
const STATE = { kind: 'boolean', unit: '' } as const
const good = (value: number | null, quality = 0, fresh = true): LiveValue => ({ value, t: 1, quality, fresh })

test('a good value is shown with its unit', () => {
  expect(shown(NUMBER, good(21.44))).toEqual({ kind: 'number', text: '21.4', unit: '°C', old: false })
  expect(shown(STATE, good(1))).toEqual({ kind: 'state', key: '1', old: false })
})

test('an unknown value is never shown as normal', () => {
  expect(shown(STATE, undefined)).toEqual({ kind: 'missing', why: 'never' })
  expect(shown(STATE, { ...good(0), t: null })).toEqual({ kind: 'missing', why: 'never' })
  expect(shown(STATE, good(null))).toEqual({ kind: 'missing', why: 'noValue' })
  expect(shown(STATE, good(Number.NaN))).toEqual({ kind: 'missing', why: 'noValue' })
  expect(shown(STATE, good(0, QUALITY_BITS.communicationFailure))).toEqual({ kind: 'missing', why: 'communicationFailure' })
  expect(shown(NUMBER, good(999, QUALITY_BITS.outOfRange))).toEqual({ kind: 'missing', why: 'outOfRange' })
  expect(shown(STATE, good(0, QUALITY_BITS.disabled))).toEqual({ kind: 'missing', why: 'disabled' })
})

test('the gravest reason is the one that is told', () => {
  const both = QUALITY_BITS.stale | QUALITY_BITS.communicationFailure
  expect(shown(NUMBER, good(20, both))).toEqual({ kind: 'missing', why: 'communicationFailure' })
})

test('an old value says that it is old', () => {
  expect(shown(NUMBER, good(20, QUALITY_BITS.stale))).toMatchObject({ text: '20.0', old: true })
  expect(shown(NUMBER, good(20, 0, false))).toMatchObject({ old: true })
})

test('known is: a value, fresh, usable', () => {
  expect(isKnown(NUMBER, good(20))).toBe(true)
  expect(isKnown(NUMBER, good(20, QUALITY_BITS.simulated))).toBe(true)
  expect(isKnown(NUMBER, good(20, 0, false))).toBe(false)
  expect(isKnown(NUMBER, good(20, QUALITY_BITS.stale))).toBe(false)
  expect(isKnown(NUMBER, undefined)).toBe(false)
  expect(isKnown({ kind: 'event' }, undefined)).toBe(true)
})

test('flags are read one by one', () => {
  expect(qualityFlags(0)).toEqual([])
  expect(qualityFlags(255)).toHaveLength(8)
  expect(notableFlags(QUALITY_BITS.simulated)).toEqual([])
  expect(usable(QUALITY_BITS.uncertain | QUALITY_BITS.simulated)).toBe(true)
})

test('decimals belong to the unit, so that a value does not jump', () => {
  expect(formatNumber(23, '°C')).toBe('23.0')
  expect(formatNumber(-3.25, '°C')).toBe('−3.3')
  expect(formatNumber(729.4, 'ppm')).toBe('729')
  expect(formatNumber(0.4, 'MPa')).toBe('0.40')
  expect(formatNumber(1234.5, 'lx')).toBe('1,235')
  expect(formatNumber(2)).toBe('2')
})
