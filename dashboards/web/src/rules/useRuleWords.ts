/** What rules are written with, in words: how long, and when. */
import { useI18n } from 'vue-i18n'
import { useSpanWords } from '@/time/useSpanWords'

export function useRuleWords() {
  const { t, te } = useI18n()
  const spanWords = useSpanWords()
  const span = (seconds: number): string => spanWords(seconds * 1000)
  const calendars = (names: readonly string[]): string => names.map((name) => (te(`rules.calendar.${name}`) ? t(`rules.calendar.${name}`) : name)).join(t('list.join'))

  function delays(of: { on_delay_s: number; off_delay_s: number }): string[] {
    return [of.on_delay_s ? t('rules.onDelay', { span: span(of.on_delay_s) }) : '', of.off_delay_s ? t('rules.offDelay', { span: span(of.off_delay_s) }) : ''].filter(Boolean)
  }

  return { span, calendars, delays }
}
