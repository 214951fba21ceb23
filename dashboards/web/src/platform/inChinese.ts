/** What a gateway says in English, in Chinese; a sentence the table does not have stays as it is. */
import sentences from '@/i18n/gatewaySaid.json'

const GAP = '{}'
const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
/** Gaps take what the gateway fills in, so the sentence that says most itself is tried first. */
const table = [...sentences]
  .sort((a, b) => b.en.replaceAll(GAP, '').length - a.en.replaceAll(GAP, '').length)
  .map(({ en, zh }) => ({ pattern: new RegExp(`^${en.split(GAP).map(literally).join('(.+?)')}$`), zh }))
/** As in `co2: not a finite number`: whose value it is. */
const WHOSE = /^([\w.:/-]+): (.+)$/

/** A sentence in Chinese; what fills its gaps may be one of them too. */
export function inChinese(said: string): string {
  for (const { pattern, zh } of table) {
    const found = pattern.exec(said)
    if (found) return found.slice(1).reduce<string>((text, part) => text.replace(GAP, () => inChinese(part)), zh)
  }
  const whose = WHOSE.exec(said)
  const rest = whose?.[2] ?? ''
  const told = rest && inChinese(rest)
  return whose && told !== rest ? `${whose[1] ?? ''}：${told}` : said
}
