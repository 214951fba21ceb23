/** Who did something, in words: the system by its name, a person by theirs. */
import { useI18n } from 'vue-i18n'
import { useCommunity } from '@/community/useCommunity'

export function useActorName() {
  const { t } = useI18n()
  const community = useCommunity()
  return (by: string): string => (by === 'system' ? t('timeline.system') : community.personName(by.replace(/^person:/, '')))
}
