// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import { refusal } from '@/api/refusals'
import { language } from '@/i18n'
import rows from '@/i18n/zh/refusals.json'

afterEach(() => { language.value = 'en' })

test('a refusal is read in Chinese on a Chinese page, with what stands in its gaps', () => {
  language.value = 'zh-CN'
  expect(refusal("'call-119' is done already, by 李娜")).toBe('此步骤已由 李娜 完成')
  expect(refusal('whoever put it right may not re-inspect it; somebody else has to look')).toBe('整改人不能复查自己的工单，请由他人复查')
  expect(refusal('the sensor still sees it (smoke-b3-f1-a.smoke); wait until it has cleared, or sign a reason')).toContain('（smoke-b3-f1-a.smoke）')
  expect(refusal('something nobody thought of')).toBe('something nobody thought of')
})

test('on an English page it stays as it was said', () => {
  language.value = 'en'
  expect(refusal('say why')).toBe('say why')
})

test('every row is found by its own sentence, and every gap it fills is there', () => {
  language.value = 'zh-CN'
  for (const [template, zh] of Object.entries(rows)) {
    let gap = 0
    const said = template.replaceAll('{}', () => `g${String(++gap)}`)
    expect(refusal(said), template).toBe(zh.replace(/\{(\d)\}/g, 'g$1'))
  }
})
