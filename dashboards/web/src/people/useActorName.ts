/** Who did something, in words: the system by its name, `person:<name>` as the name. */
import { useI18n } from 'vue-i18n'

export function useActorName() {
  const { t } = useI18n()
  return (by: string): string => (by === 'system' ? t('timeline.system') : by.replace(/^person:/, ''))
}
