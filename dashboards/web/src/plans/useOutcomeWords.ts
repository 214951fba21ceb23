/** What became of a step, in words: what its devices answered, whom telling reached, or what somebody wrote. */
import { useI18n } from 'vue-i18n'
import { oneLanguage } from '@/i18n'
import { sentence, type NameOf } from '@/i18n/sentences'
import { useToldWords } from './useToldWords'

const ANSWER = /^([\w-]+\.[\w-]+): ([a-z-]+)(?:, (.*?))?(; now the commander's)?$/s

export function useOutcomeWords(nameOf: NameOf) {
  const { t, te } = useI18n()
  const toldWords = useToldWords()

  /** `doors-b3.relay-1: refused, a fire stands`: the point by its name, what became of the command, and why. */
  function answer(text: string): string | null {
    const [whole, point = '', outcome = '', why = '', theirs = ''] = ANSWER.exec(text) ?? []
    if (whole === undefined || !te(`plans.action.${outcome}`)) return null
    const said = [t(`plans.action.${outcome}`), sentence(oneLanguage(why), nameOf)].filter(Boolean).join(t('list.join'))
    return nameOf(point) + t('list.colon') + (theirs ? sentence(`${said}${theirs}`) : said)
  }

  return (text: string): string => answer(text) ?? toldWords(sentence(oneLanguage(text), nameOf))
}
