/** Why the server refused, in the language of the page: its sentences are English, and each has its row in Chinese. */
import { language } from '@/i18n'
import rows from '@/i18n/zh/refusals.json'

const GAP = '{}'

/** `'{}' is done already, by {}` as an expression whose groups are what stands in the gaps. */
function pattern(template: string): RegExp {
  return new RegExp(`^${template.split(GAP).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('(.+)')}$`, 's')
}

/** The longest first: a row with few words of its own would swallow others. */
const table = Object.entries(rows)
  .map(([template, zh]) => ({ template, expression: pattern(template), zh }))
  .sort((a, b) => b.template.replaceAll(GAP, '').length - a.template.replaceAll(GAP, '').length)

/** The words of a refusal; a sentence without a row stays as it is, for it says more than none. */
export function refusal(detail: string): string {
  if (language.value === 'en') return detail
  for (const { expression, zh } of table) {
    const found = expression.exec(detail)
    if (found) return zh.replace(/\{(\d)\}/g, (_, place: string) => found[Number(place)] ?? '')
  }
  return detail
}
