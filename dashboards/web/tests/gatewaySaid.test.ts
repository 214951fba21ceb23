import { expect, test } from 'vitest'
import sentences from '@/i18n/gatewaySaid.json'
import { inChinese } from '@/platform/inChinese'

test('every sentence of the table comes out in Chinese, with what fills its gaps', () => {
  for (const { en, zh } of sentences) {
    expect(en.split('{}').length, en).toBe(zh.split('{}').length)
    expect(inChinese(en.replaceAll('{}', 'gw-1')), en).toBe(zh.replaceAll('{}', 'gw-1'))
  }
})

test('whose value it was stays in front, and a reason within a sentence is translated too', () => {
  expect(inChinese('co2: not a finite number')).toBe('co2：不是有限的数字')
  expect(inChinese('modbus 10.0.0.7:502 was started again (2 times): no sign of life for 13 s')).toBe('modbus 10.0.0.7:502 已重新启动（2 次）：13 秒没有动静')
})

test('what nobody translated stays as the gateway said it', () => {
  expect(inChinese('the moon is in the way')).toBe('the moon is in the way')
  expect(inChinese('[Errno 28] No space left on device')).toBe('[Errno 28] No space left on device')
})
