import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const CSS = readFileSync(new URL('../src/design/tokens.css', import.meta.url), 'utf-8')
const [light = {}, dark = {}] = [...CSS.matchAll(/:root(?:\.dark)? \{([^}]*)\}/g)].map(([, rows = '']) => Object.fromEntries([...rows.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value])))
const GROUNDS = ['ground', 'surface', 'raised', 'sunken', 'field', 'high-ground', 'medium-ground', 'low-ground', 'drill-ground']
const GRADES = ['high', 'medium', 'low', 'drill']
const TEXT_AA = 4.5
const GRAPHIC_AA = 3

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one = '', other = ''): number {
  const [dim = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (bright + 0.05) / (dim + 0.05)
}

test.each([['light', light], ['dark', dark]] as const)('whoever sees badly reads every text and tells every mark: %s', (_, colour) => {
  const pairs: [string, string, number][] = [
    ...['text', 'text-2', 'text-3', 'link'].flatMap((text) => GROUNDS.map((ground): [string, string, number] => [text, ground, TEXT_AA])),
    ...GRADES.flatMap((grade) => ['ground', 'surface', 'raised', `${grade}-ground`].flatMap((ground): [string, string, number][] => [[`${grade}-text`, ground, TEXT_AA], [grade, ground, GRAPHIC_AA]])),
    ...['high', 'medium', 'low'].map((grade): [string, string, number] => [`${grade}-on`, grade, TEXT_AA]),
    ...['focus', 'line-strong'].flatMap((line) => ['ground', 'surface', 'raised'].map((ground): [string, string, number] => [line, ground, GRAPHIC_AA])),
    ['primary-text', 'primary', TEXT_AA],
  ]
  expect(pairs.length).toBeGreaterThan(70)
  const weak = pairs.filter(([one, other, least]) => contrast(colour[one], colour[other]) < least)
  expect(weak).toEqual([])
})
