// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test } from 'vitest'
import { language } from '@/i18n'
import { sentence } from '@/i18n/sentences'
import rows from '@api/sentences.json'

beforeEach(() => { language.value = 'zh-CN' })
afterEach(() => { language.value = 'en' })

test('every row is found by its own sentence, whatever fills its gaps: none swallows another', () => {
  for (const [template, zh] of Object.entries(rows)) {
    let gap = 0
    const said = template.replaceAll('{}', () => `g${String(++gap)}`)
    expect(sentence(said), template).toBe(zh.replace(/\{(\d)\}/g, 'g$1'))
    for (const [, place] of zh.matchAll(/\{(\d)\}/g)) expect(Number(place), template).toBeLessThanOrEqual(gap)
  }
})

test('a sentence open at both ends says enough itself to be told from any other', () => {
  const open = Object.keys(rows).filter((en) => en.startsWith('{}') && en.endsWith('{}'))
  expect(open.length).toBeGreaterThan(0)
  for (const en of open) expect(en.replaceAll(/\{\}|\W/g, '').length, en).toBeGreaterThan(8)
  expect(sentence('the lift is not in order')).toBe('the lift is not in order')
})

test('whose it was stays in front, and a reason within a sentence is translated too', () => {
  expect(sentence('co2: not a finite number')).toBe('co2：不是有限的数字')
  expect(sentence('modbus 10.0.0.7:502 was started again (2 times): no sign of life for 13 s')).toBe('modbus 10.0.0.7:502 已重新启动（2 次）：13 秒没有动静')
  expect(sentence('life safety: its cause stands: smoke-1.smoke')).toBe('生命安全优先：动作原因仍未消除：smoke-1.smoke')
  expect(sentence('the gateway restarted meanwhile; no answer in time')).toBe('网关期间重新启动过；超时没有应答')
})

test('who holds a door after a fire, and where a person resets it', () => {
  expect(sentence('life safety: held by interlock b3-release, until a person resets it')).toBe('由联动“b3-release”保持现状，须有人在“平台”页复位该联动后才能恢复')
})

test('what stands in the gaps has its name where the page knows it, in both languages', () => {
  const names: Record<string, string> = { evacuate: '疏散 B3', 'call-119': '拨打119' }
  const nameOf = (id: string) => names[id] ?? id
  expect(sentence('first: evacuate, call-119', nameOf)).toBe('须先完成：疏散 B3、拨打119')
  language.value = 'en'
  expect(sentence('first: evacuate, other', nameOf)).toBe('first: 疏散 B3, other')
})

test('on an English page it stays as it was said, and what nobody translated stays on both', () => {
  expect(sentence('the moon is in the way')).toBe('the moon is in the way')
  expect(sentence('[Errno 28] No space left on device')).toBe('[Errno 28] No space left on device')
  language.value = 'en'
  expect(sentence('say why')).toBe('say why')
})
