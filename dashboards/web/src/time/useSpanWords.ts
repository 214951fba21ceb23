/** A duration (ms) as people say it: `3 min 20 s`. */
import { useI18n } from 'vue-i18n'
import { spanParts } from './instant'

export function useSpanWords() {
  const { t } = useI18n()
  return (ms: number): string => spanParts(ms).map(([n, unit]) => t(`time.${unit}`, { n })).join(t('time.join'))
}
