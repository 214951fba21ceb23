/** A value of a point as people say it: the name of a state, or a number with its unit. */
import { useI18n } from 'vue-i18n'
import { useCommunity } from '@/community/useCommunity'
import { inLanguage } from '@/i18n'
import { formatNumber } from './reading'

export function useValueWords() {
  const { t } = useI18n()
  const community = useCommunity()
  return (id: string, value: number): string => {
    const point = community.points.get(id)
    const isBoolean = point?.kind === 'boolean'
    const state = isBoolean && value !== 0 ? '1' : String(value)
    const named = inLanguage(point?.states[state])
    if (named) return named
    return isBoolean ? t(`points.state.${state}`) : [formatNumber(value, point?.unit), point?.unit].filter(Boolean).join(' ')
  }
}
