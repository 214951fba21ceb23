/** What the platform says to people in English, in the language that is on: one table for all who say it; what is printed reads the same (`api/sentences.py`). */
import { hasInjectionContext, inject, provide, type InjectionKey } from 'vue'
import { language } from '@/i18n'
import rows from '@api/sentences.json'

export type NameOf = (id: string) => string

const GAP = '{}'
const LIST = ', '
const NAMES: InjectionKey<NameOf> = Symbol('names in sentences')
const asItIs: NameOf = (id) => id
const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** Gaps take whatever stands there, so the sentence that says most itself is tried first. */
const table = Object.entries(rows)
  .map(([en, zh]) => ({ pattern: new RegExp(`^${en.split(GAP).map(literally).join('(.+?)')}$`, 's'), en: numbered(en), zh, own: en.replaceAll(GAP, '').length }))
  .sort((a, b) => b.own - a.own)
/** As in `co2: not a finite number`: whose value it is. */
const WHOSE = /^([\w.:/-]+): (.+)$/s

function numbered(template: string): string {
  let gap = 0
  return template.replaceAll(GAP, () => `{${String(++gap)}}`)
}

/** Within a page that knows more than ids: what stands in the gaps of sentences shown there has its name. */
export function nameThings(nameOf: NameOf): void {
  provide(NAMES, nameOf)
}

export function useNames(): NameOf {
  return hasInjectionContext() ? inject(NAMES, asItIs) : asItIs
}

/** A sentence in the language that is on; what fills its gaps may be sentences too, and what nobody translated stays. */
export function sentence(said: string, nameOf: NameOf = asItIs): string {
  const chinese = language.value === 'zh-CN'
  if (!chinese && nameOf === asItIs) return said
  const [colon, semicolon, comma] = chinese ? ['：', '；', '、'] : [': ', '; ', LIST]

  function inWords(text: string): string {
    for (const { pattern, en, zh } of table) {
      const found = pattern.exec(text)
      if (found) return (chinese ? zh : en).replace(/\{(\d)\}/g, (_, gap: string) => inWords(found[Number(gap)] ?? ''))
    }
    const whose = WHOSE.exec(text)
    if (whose) return joined([whose[1] ?? '', whose[2] ?? ''], ': ', colon, text)
    if (text.includes('; ')) return joined(text.split('; '), '; ', semicolon, text)
    return joined(text.split(LIST), LIST, comma, text, nameOf)
  }

  /** Parts that say something each; a text none of whose parts is known was somebody's own words. */
  function joined(parts: string[], by: string, now: string, text: string, how: NameOf = inWords): string {
    const known = parts.map(how)
    return known.join(by) === text ? text : known.join(now)
  }

  return inWords(said)
}
