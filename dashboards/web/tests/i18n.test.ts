import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import en from '@/i18n/en'
import zh from '@/i18n/zh'
import sentences from '@api/sentences.json'

interface Messages {
  [key: string]: string | Messages
}

function flatten(messages: Messages, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(messages).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value] as const] : [...flatten(value, `${prefix}${key}.`)],
    ),
  )
}

const chinese = flatten(zh)
const english = flatten(en)

test('both languages say the same things', () => {
  expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
})

test('both languages fill in the same places', () => {
  const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()
  for (const [key, text] of chinese) expect(places(english.get(key) ?? ''), key).toEqual(places(text))
})

test('nothing is empty, and the Chinese is Chinese', () => {
  for (const [key, text] of [...chinese, ...english]) expect(text, key).not.toBe('')
  const sameInBoth = ['time.join', 'list.join', 'list.colon', 'list.comma', 'overview.key.co2', 'overview.key.pm25', 'serviceNotice.other', 'plans.byChannel', 'plans.asRole']
  const isProduct = (key: string) => key.startsWith('found.sources.')
  for (const [key, text] of chinese) if (!sameInBoth.includes(key) && !isProduct(key)) expect(text, key).toMatch(/[\u4e00-\u9fff]/)
})

test('the site, and its file, have one name in Chinese', () => {
  for (const [key, text] of [...chinese, ...Object.entries(sentences)]) expect(text, key).not.toMatch(/站点|小区/)
})

test('every key written in the source exists', () => {
  const source = files('src').map((path) => readFileSync(path, 'utf8')).join('\n')
  const used = [...source.matchAll(/\bte?\('([a-zA-Z][\w.-]*)'/g)].map((m) => m[1] ?? '')
  expect(used.length).toBeGreaterThan(100)
  for (const key of used) expect(chinese.has(key), key).toBe(true)
})

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(vue|ts)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}
